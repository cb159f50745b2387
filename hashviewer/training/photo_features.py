from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hashviewer.datasets import PhotoFolder
from hashviewer.errors import ImageError
from hashviewer.images import Preprocessing, decode
from hashviewer.progress import Progress, silent

_BATCH = 32


@dataclass(frozen=True, slots=True, eq=False)
class PhotoFeatures:
    """What the backbone says about the readable photos of a folder.

    Attributes:
        features: (N, 1280) float32, pooled.
        logits: (N, 1000) float32 of the ImageNet classes.
        labels: (N,) index into `label_names`, -1 for none.
        label_names: The names of the labels.
        unreadable: Photos that were left out since they cannot be read.
    """

    features: NDArray[np.float32]
    logits: NDArray[np.float32]
    labels: NDArray[np.int32]
    label_names: tuple[str, ...]
    unreadable: int

    def __len__(self) -> int:
        return len(self.labels)

    def only(self, rows: NDArray[np.bool_]) -> "PhotoFeatures":
        """The photos where `rows` (N,) is True."""
        return PhotoFeatures(
            self.features[rows], self.logits[rows], self.labels[rows], self.label_names, self.unreadable
        )


def photo_features(
    photos: PhotoFolder, preprocessing: Preprocessing, *, device: str = "cpu", progress: Progress = silent
) -> PhotoFeatures:
    """Run the backbone once over all photos, decoded as they will be when a library is encoded.

    Args:
        photos: The folder.
        preprocessing: How they become the network's input.
        device: The torch device of the forward pass.
        progress: Told the photos done; may cancel.
    """
    import torch

    from hashviewer.networks.backbones import CLASSES, FEATURE_DIM, load_backbone

    backbone = load_backbone(preprocessing).to(device)
    features, logits = [np.zeros((0, FEATURE_DIM), np.float32)], [np.zeros((0, CLASSES), np.float32)]
    readable = np.zeros(len(photos), dtype=np.bool_)
    with ThreadPoolExecutor(2) as threads, torch.inference_mode():
        for start in range(0, len(photos), _BATCH):
            progress(start, len(photos), "Looking at the photos")
            names = photos.paths[start : start + _BATCH]
            pixels = list(threads.map(lambda name: _pixels(photos.root / name, preprocessing), names))
            readable[start : start + len(names)] = [one is not None for one in pixels]
            for batch in _stacked(pixels):
                pair = backbone(torch.from_numpy(batch).to(device))
                features.append(pair[0].float().cpu().numpy())
                logits.append(pair[1].float().cpu().numpy())
    return PhotoFeatures(
        np.concatenate(features),
        np.concatenate(logits),
        photos.labels[readable],
        photos.label_names,
        int(np.count_nonzero(~readable)),
    )


def _pixels(path: Path, preprocessing: Preprocessing) -> NDArray[np.uint8] | None:
    try:
        return decode(path, preprocessing).pixels
    except ImageError:
        return None


def _stacked(pixels: list[NDArray[np.uint8] | None]) -> Iterator[NDArray[np.uint8]]:
    readable = [one for one in pixels if one is not None]
    if readable:
        yield np.stack(readable)
