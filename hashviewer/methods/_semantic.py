"""Networks that share a space of semantic features: one reads labels, the other images."""

import torch
from torch import Tensor, nn
from torch.nn import functional

_LRN_SIZE = 5  # neighbours in AlexNet's local response normalisation


class SemanticLayer(nn.Module):
    """A hash layer whose hidden layer is a semantic feature that a loss may ask for."""

    def __init__(self, feature_dim: int, width: int, bits: int, *, dropout: float = 0.2) -> None:
        super().__init__()
        self.first = nn.Linear(feature_dim, width)
        self.last = nn.Linear(width, bits)
        self.dropout = dropout
        nn.init.normal_(self.last.weight, std=width**-0.5)
        nn.init.zeros_(self.last.bias)

    def semantic(self, features: Tensor) -> Tensor:
        """Semantic features (n, width), never negative; without dropout, so the same at each call."""
        return torch.relu(self.first(features))

    def forward(self, features: Tensor) -> Tensor:
        """Outputs (n, bits)."""
        hidden = functional.dropout(self.semantic(features), self.dropout, self.training)
        outputs: Tensor = self.last(hidden)
        return outputs


class LabelNet(nn.Module):
    """From labels (n, C) over a wide layer to a semantic feature and a relaxed code. It never sees an image."""

    def __init__(self, classes: int, wide: int, width: int, bits: int, *, normalised: bool) -> None:
        """Make the layers.

        Args:
            classes: C.
            wide: Units of the first layer.
            width: Length of the semantic feature.
            bits: Length of the code.
            normalised: Whether local response normalisation, with AlexNet's constants, follows the first layer.
        """
        super().__init__()
        self.first = nn.Linear(classes, wide)
        self.second = nn.Linear(wide, width)
        self.last = nn.Linear(width, bits)
        self.normalised = normalised

    def forward(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Semantic features (n, width), never negative, and codes (n, bits) between -1 and 1."""
        hidden = torch.relu(self.first(labels))
        if self.normalised:
            hidden = functional.local_response_norm(hidden[:, :, None], _LRN_SIZE, k=2.0)[:, :, 0]
        semantic = torch.relu(self.second(hidden))
        return semantic, torch.tanh(self.last(semantic))

    def joined(self, labels: Tensor) -> Tensor:
        """Features and codes side by side (N, width + bits), made in parts."""
        return torch.cat([torch.cat(self(part), dim=1) for part in torch.split(labels, 4096)])
