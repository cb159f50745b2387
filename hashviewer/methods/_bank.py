"""The memory bank: the last outputs of all training items."""

import torch
from torch import Tensor, nn


class MemoryBank(nn.Module):
    """Outputs and labels of all N training items; rows of a batch are overwritten at each step.

    Gradients flow through the batch only. Made empty in `add_parts`, given its size by `reset` in `begin`.
    """

    outputs: Tensor  # (N, W)
    labels: Tensor  # (N, C)

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("outputs", torch.zeros(0, 0))
        self.register_buffer("labels", torch.zeros(0, 0))

    def reset(self, labels: Tensor, width: int, *, spread: float = 0.0) -> None:
        """Take the labels (N, C) of all items; outputs begin at 0, or as normal noise of a deviation."""
        self.labels = labels.clone()
        self.outputs = torch.zeros(len(labels), width, device=labels.device)
        if spread:
            self.outputs = torch.randn(len(labels), width).to(labels.device) * spread

    def write(self, indices: Tensor, outputs: Tensor) -> None:
        """Put the batch's outputs (n, W), detached, in their rows. Earlier graphs over the bank stay valid."""
        bank = self.outputs.clone()
        bank[indices] = outputs.detach()
        self.outputs = bank
