"""The hash head: from the backbone's features and class logits to the real-valued bits."""

from typing import Self

import torch
from torch import Tensor, nn

from hashviewer.errors import CheckpointError


def semantic(logits: Tensor, temperature: float) -> Tensor:
    """Square roots of tempered class probabilities: (B, C) to (B, C), rows of length 1.

    The dot product of two rows is the Bhattacharyya coefficient of the two distributions.
    """
    return torch.softmax(logits / temperature, dim=1).sqrt()


class HashHead(nn.Module):
    """A linear map of the features' direction and of the tempered class probabilities.

    ``outputs = f @ from_features + semantic(logits) @ from_classes + bias`` with f the feature scaled to length 1.
    Bit b is 1 where output b is >= 0.
    """

    from_features: Tensor  # (D, bits)
    from_classes: Tensor  # (C, bits)
    bias: Tensor  # (bits,)

    def __init__(
        self, from_features: Tensor, from_classes: Tensor, bias: Tensor, *, temperature: float
    ) -> None:
        super().__init__()
        self.register_buffer("from_features", from_features)
        self.register_buffer("from_classes", from_classes)
        self.register_buffer("bias", bias)
        self.temperature = temperature

    def forward(self, features: Tensor, logits: Tensor) -> Tensor:
        """Outputs (B, bits) of features (B, D) and logits (B, C)."""
        direction = features / features.norm(dim=1, keepdim=True).clamp_min(1e-6)
        classes = semantic(logits, self.temperature)
        outputs: Tensor = direction @ self.from_features + classes @ self.from_classes + self.bias
        return outputs

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor], *, temperature: float) -> Self:
        """The head that `state_dict` described.

        Raises:
            CheckpointError: A tensor is absent or the shapes do not go together.
        """
        names = ("from_features", "from_classes", "bias")
        if set(tensors) != set(names):
            raise CheckpointError(
                f"A hash head has the tensors {', '.join(names)}; this one has {sorted(tensors)}."
            )
        features, classes, bias = (tensors[name].to(torch.float32) for name in names)
        if features.ndim != 2 or classes.ndim != 2 or bias.shape != features.shape[1:] != classes.shape[1:]:
            raise CheckpointError("The tensors of the hash head do not go together.")
        if not all(tensor.isfinite().all() for tensor in (features, classes, bias)):
            raise CheckpointError("The hash head holds values that are not numbers.")
        return cls(features, classes, bias, temperature=temperature)
