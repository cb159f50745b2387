"""Views of images for training a backbone: moved, scaled, mirrored, in other light, and pasted into one another."""

import torch
from torch import Tensor
from torch.nn import functional

_LEAST_ZOOM, _MOST_ZOOM = 0.65, 1.1  # share of the picture's edge that a view shows
_LEAST_ASPECT, _MOST_ASPECT = 0.8, 1.25
_SHIFT = 0.15  # largest shift of the middle, as a share of the edge
_LIGHT, _CONTRAST, _COLOUR = 0.25, 0.3, 0.4  # largest relative changes


def varied(pixels: Tensor) -> Tensor:
    """Each image (n, S, S, 3) uint8 cut out, mirrored and lit at random; uint8 of the same shape."""
    count = len(pixels)
    zoom = _between(count, _LEAST_ZOOM, _MOST_ZOOM)
    aspect = _between(count, _LEAST_ASPECT, _MOST_ASPECT).sqrt()
    mirror = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    place = torch.zeros(count, 2, 3)
    place[:, 0, 0] = zoom * aspect * mirror
    place[:, 1, 1] = zoom / aspect
    place[:, :, 2] = 2 * _between(count, -_SHIFT, _SHIFT, 2)
    images = pixels.permute(0, 3, 1, 2).float()
    grid = functional.affine_grid(place, list(images.shape), align_corners=False).to(pixels.device)
    images = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    return _lit(images).clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1)


def pasted(pixels: Tensor) -> tuple[Tensor, Tensor, float]:
    """A rectangle of each image replaced by the same one of another (Yun et al. 2019, "CutMix").

    Returns:
        The images (n, S, S, 3), the place (n,) of the other image, and the share that is left of the first.
    """
    count, edge = len(pixels), pixels.shape[1]
    other = torch.randperm(count).to(pixels.device)
    side = round(edge * float(torch.rand(())) ** 0.5)
    top, left = (int(torch.randint(edge - side + 1, ())) for _ in range(2))
    mixed = pixels.clone()
    window = (slice(None), slice(top, top + side), slice(left, left + side))
    mixed[window] = pixels[other][window]
    return mixed, other, 1 - (side / edge) ** 2


def _lit(images: Tensor) -> Tensor:
    """Brightness, contrast and colourfulness of (n, 3, S, S) changed at random, an image at a time."""
    count, device = len(images), images.device

    def factor(most: float) -> Tensor:
        return _between(count, 1 - most, 1 + most)[:, None, None, None].to(device)

    images = images * factor(_LIGHT)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    images = mean + (images - mean) * factor(_CONTRAST)
    grey = images.mean(dim=1, keepdim=True)
    return grey + (images - grey) * factor(_COLOUR)


def _between(count: int, low: float, high: float, width: int = 1) -> Tensor:
    """Uniform numbers (count,), or (count, width)."""
    drawn = low + (high - low) * torch.rand(count, width)
    return drawn[:, 0] if width == 1 else drawn
