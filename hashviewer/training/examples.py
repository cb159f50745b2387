"""Labelled examples as the loop sees them: features of given items, cached or made by a backbone in training."""

from typing import Protocol

import torch
from torch import Tensor, nn

from hashviewer.errors import TrainingError


class Examples(Protocol):
    """A labelled set whose features can be asked for by place."""

    labels: Tensor
    """(N, C) float32 multi-hot, on the device."""
    feature_dim: int
    """Length D of the features."""
    positions: int
    """Places of a map in them; 1 for pooled features (see `Shape`)."""

    def trunk(self) -> nn.Module | None:
        """The backbone, where it is trained along."""

    def features(self, indices: Tensor, *, augmented: bool) -> tuple[Tensor, Tensor | None]:
        """Features (n, D) of some items, and the pixels they come from where there are any."""


class CachedExamples:
    """Features computed once, of one or several views of each image.

    With several views, augmented features are those of a view drawn anew for each item; view 0 is the plain one.
    """

    def __init__(self, features: Tensor, labels: Tensor, *, jitter: float = 0.0, positions: int = 1) -> None:
        """Take features (N, D) or (V, N, D) and labels (N, C).

        Args:
            features: Any floating type; computed with in float32.
            labels: Multi-hot.
            jitter: Share of entries dropped from augmented features where there is one view only.
            positions: Places of a map in the features.

        Raises:
            TrainingError: The two do not go together, or a feature is not a number.
        """
        views = features[None] if features.ndim == 2 else features
        if views.ndim != 3 or labels.ndim != 2 or views.shape[1] != len(labels):
            raise TrainingError(
                f"Features {tuple(features.shape)} and labels {tuple(labels.shape)} do not go together."
            )
        if not bool(views.isfinite().all()):
            raise TrainingError("Some features are not numbers; compute them again.")
        self.views = views
        self.labels = labels.float()
        self.feature_dim = views.shape[2]
        self.jitter = jitter
        self.positions = positions

    def trunk(self) -> None:
        """Nothing is trained along."""

    def features(self, indices: Tensor, *, augmented: bool) -> tuple[Tensor, None]:
        """Features (n, D)."""
        if not augmented:
            return self.views[0, indices].float(), None
        if len(self.views) > 1:
            which = torch.randint(len(self.views), (len(indices),)).to(indices.device)
            return self.views[which, indices].float(), None
        return nn.functional.dropout(self.views[0, indices].float(), self.jitter), None

    def to(self, device: str) -> "CachedExamples":
        """The same on another device."""
        views, labels = self.views.to(device), self.labels.to(device)
        return CachedExamples(views, labels, jitter=self.jitter, positions=self.positions)
