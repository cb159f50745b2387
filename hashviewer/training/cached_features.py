"""A frozen backbone's features of a labelled set, computed once and kept in files.

Features are written in parts, each whole or absent: a run that was stopped goes on where it was.
"""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hashviewer.datasets import LabelledImages
from hashviewer.errors import TrainingError
from hashviewer.images import Preprocessing
from hashviewer.progress import Progress, silent

_PART = 2048  # images a file
_BATCH = 64  # images a forward pass


@dataclass(frozen=True, slots=True)
class FeatureKey:
    """What the features depend on beside the images.

    Attributes:
        backbone: Name, and where its weights come from.
        preprocessing: How images become its input.
        mirrored: Whether a second view, mirrored, is computed too.
    """

    backbone: str
    preprocessing: Preprocessing
    mirrored: bool = False

    def digest(self, images: LabelledImages) -> str:
        """Name of the folder for a set of images."""
        told = f"{images.fingerprint}\n{self.backbone}\n{self.preprocessing.to_json()}\n{self.mirrored}"
        return hashlib.sha256(told.encode()).hexdigest()[:24]


def cached_features(
    images: LabelledImages,
    trunk: nn.Module,
    key: FeatureKey,
    folder: Path,
    *,
    device: str = "cpu",
    bfloat16: bool = False,
    progress: Progress = silent,
) -> Tensor:
    """Features (V, N, D) float16 of all images; view 0 is plain, view 1, if asked for, mirrored.

    Args:
        images: The set.
        trunk: From uint8 images (B, S, S, 3) to features (B, D), in evaluation mode.
        key: What names them in the cache.
        folder: Of the cache.
        device: Where the backbone computes.
        bfloat16: Whether it computes in 16 bits.
        progress: Told the images done; may cancel, which keeps the parts that are done.

    Raises:
        ImageError: An image cannot be read.
        TrainingError: The cache cannot be written.
    """
    from safetensors.torch import load_file

    place = folder / key.digest(images)
    parts = []
    trunk = trunk.eval().to(device)
    for first in range(0, len(images), _PART):
        path = place / f"{first:08d}.safetensors"
        some = range(first, min(first + _PART, len(images)))
        if not path.is_file():
            _write(
                path, _compute(images, trunk, key, some, device=device, bfloat16=bfloat16, progress=progress)
            )
        parts.append(load_file(path)["features"])
        progress(some.stop, len(images), "Features")
    return torch.cat(parts, dim=1)


def _compute(
    images: LabelledImages,
    trunk: nn.Module,
    key: FeatureKey,
    places: Sequence[int],
    *,
    device: str,
    bfloat16: bool,
    progress: Progress,
) -> Tensor:
    """Features (V, n, D) of some images, decoded by two threads."""

    def pixels(place: int) -> NDArray[np.uint8]:
        return images.pixels(place, key.preprocessing)

    found = []
    with ThreadPoolExecutor(2) as threads, torch.inference_mode():
        for first in range(0, len(places), _BATCH):
            progress(places[first], len(images), "Features")
            batch = torch.from_numpy(np.stack(list(threads.map(pixels, places[first : first + _BATCH]))))
            batch = batch.to(device)
            with torch.autocast(batch.device.type, torch.bfloat16, enabled=bfloat16):
                views = [trunk(batch)] + ([trunk(batch.flip(2))] if key.mirrored else [])
            found.append(torch.stack([view.to("cpu", torch.float16) for view in views]))
    return torch.cat(found, dim=1)


def _write(path: Path, features: Tensor) -> None:
    from safetensors.torch import save

    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(save({"features": features.contiguous()}))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise TrainingError(
            f"Features cannot be written to {path.parent}: {error.strerror or error}."
        ) from error
