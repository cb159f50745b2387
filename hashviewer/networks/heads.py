"""The hash head: from the backbone's class logits to the real-valued bits."""

from typing import Self

import torch
from torch import Tensor, nn

from hashviewer.errors import CheckpointError

_NAMES = ("usual_logits", "weight", "bias")


def semantic(logits: Tensor, usual_logits: Tensor, temperature: float) -> Tensor:
    """Square roots of tempered class probabilities: (B, C) to (B, C), rows of length 1.

    The dot product of two rows is the Bhattacharyya coefficient of two distributions. Taking off the logits that
    are usual in photos leaves what is particular to each.
    """
    return torch.softmax((logits - usual_logits) / temperature, dim=1).sqrt()


class HashHead(nn.Module):
    """A linear map of the class probabilities: ``outputs = semantic(logits) @ weight + bias``.

    Bit b is 1 where output b is >= 0.

    Args:
        usual_logits: (C,) mean logits of the photos learned from.
        weight: (C, bits).
        bias: (bits,).
        temperature: Divides the logits, > 0.
    """

    usual_logits: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, usual_logits: Tensor, weight: Tensor, bias: Tensor, *, temperature: float) -> None:
        super().__init__()
        self.register_buffer("usual_logits", usual_logits)
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        self.temperature = temperature

    def forward(self, logits: Tensor) -> Tensor:
        """Outputs (B, bits) of logits (B, C)."""
        return semantic(logits, self.usual_logits, self.temperature) @ self.weight + self.bias

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor], *, temperature: float) -> Self:
        """The head that `state_dict` described.

        Raises:
            CheckpointError: A tensor is absent, the shapes do not go together, or a value is not a number.
        """
        if set(tensors) != set(_NAMES):
            raise CheckpointError(
                f"A hash head has the tensors {', '.join(_NAMES)}, not {', '.join(tensors)}."
            )
        usual, weight, bias = (tensors[name].to(torch.float32) for name in _NAMES)
        if weight.ndim != 2 or usual.shape != weight.shape[:1] or bias.shape != weight.shape[1:]:
            raise CheckpointError("The tensors of the hash head do not go together.")
        if not all(bool(tensor.isfinite().all()) for tensor in (usual, weight, bias)):
            raise CheckpointError("The hash head holds values that are not numbers.")
        return cls(usual, weight, bias, temperature=temperature)
