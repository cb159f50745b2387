"""Images in memory and a backbone that is trained along."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from hashviewer.errors import TrainingError
from hashviewer.training.crew import ALONE, Crew, SharedForward

Views = Callable[[Tensor], Tensor]
"""From images (n, S, S, 3) uint8 to as many, each changed at random by torch's generator."""

_AT_ONCE = 256  # images of a forward pass that nothing is learnt from
_SHIFT = 1 / 8  # largest shift as a share of the edge: 4 px of 32


def mirrored_and_shifted(pixels: Tensor) -> Tensor:
    """Each image (n, S, S, 3) mirrored with probability one half and moved by up to an eighth, its edge repeated."""
    count, edge = pixels.shape[0], pixels.shape[1]
    most = round(edge * _SHIFT)
    flip = torch.rand(count) < 0.5
    moves = torch.randint(-most, most + 1, (count, 2, 1))
    line = torch.arange(edge)
    rows = (line + moves[:, 0]).clamp(0, edge - 1)  # (n, S)
    columns = (line + moves[:, 1]).clamp(0, edge - 1)
    columns = torch.where(flip[:, None], columns.flip(1), columns)
    device = pixels.device
    which = torch.arange(count)[:, None, None].to(device)
    return pixels[which, rows[:, :, None].to(device), columns[:, None, :].to(device)]


class ImageExamples:
    """Features made anew from pixels at each step, through a backbone in training."""

    def __init__(
        self,
        trunk: nn.Module,
        pixels: Tensor,
        labels: Tensor,
        *,
        feature_dim: int,
        bfloat16: bool = False,
        positions: int = 1,
        crew: Crew = ALONE,
        views: Views = mirrored_and_shifted,
    ) -> None:
        """Take pixels and labels, all on one device.

        Args:
            trunk: From uint8 images (B, S, S, 3) to features (B, feature_dim) float32.
            pixels: (N, S, S, 3) uint8 RGB.
            labels: (N, C) multi-hot.
            feature_dim: Length of the features.
            bfloat16: Whether the backbone computes in 16 bits.
            positions: Places of a map in the features.
            crew: The processes that share the backbone's work; all have the same pixels.
            views: What augmented images are to the images.

        Raises:
            TrainingError: Pixels and labels do not go together.
        """
        if pixels.ndim != 4 or pixels.dtype != torch.uint8 or len(pixels) != len(labels):
            raise TrainingError(
                f"Pixels {tuple(pixels.shape)} and labels {tuple(labels.shape)} do not go together."
            )
        self.labels = labels.float()
        self.feature_dim = feature_dim
        self.positions = positions
        self._trunk = trunk
        self._forward = trunk if crew.size == 1 else SharedForward(trunk, crew, partly_used=positions > 1)
        self._pixels = pixels
        self._bfloat16 = bfloat16
        self._views = views

    def trunk(self) -> nn.Module:
        """The backbone."""
        return self._trunk

    def features(self, indices: Tensor, *, augmented: bool) -> tuple[Tensor, Tensor]:
        """Features (n, D) and the pixels (n, S, S, 3) they are made from, those of another view if asked."""
        pixels = self._pixels[indices]
        if augmented:
            pixels = self._views(pixels)
        parts = (pixels,) if torch.is_grad_enabled() else torch.split(pixels, _AT_ONCE)
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=self._bfloat16):
            features = torch.cat([self._forward(part) for part in parts])
        return features.float(), pixels
