"""From a data set and a backbone to the examples that a method is trained on."""

import dataclasses
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hashviewer.datasets import LabelledFeatures, LabelledImages
from hashviewer.errors import DatasetError, TrainingError
from hashviewer.images import Preprocessing
from hashviewer.networks.trunks import Trunk
from hashviewer.progress import Progress, silent
from hashviewer.training.allocator import keep_freed_memory
from hashviewer.training.cached_features import FeatureKey, cached_features
from hashviewer.training.crew import ALONE, Crew
from hashviewer.training.examples import CachedExamples
from hashviewer.training.image_examples import ImageExamples, mirrored_and_shifted
from hashviewer.training.varied_views import varied

Labelled = LabelledImages | LabelledFeatures
_MOST_PIXELS = 12 * 1024**3  # bytes of images kept in memory


@dataclass(frozen=True, slots=True)
class Place:
    """Where features are computed and kept.

    Attributes:
        cache: Folder of the features.
        device: Of the forward pass.
        bfloat16: Whether it computes in 16 bits.
        crew: The processes that share the forward pass of a backbone that is trained.
    """

    cache: Path
    device: str = "cpu"
    bfloat16: bool = False
    crew: Crew = ALONE


def chosen(data: Labelled, places: NDArray[np.int64]) -> Labelled:
    """Some items of a data set, in the order of their places."""
    told = f"{data.fingerprint}\n" + hashlib.sha256(places.astype("<i8").tobytes()).hexdigest()
    fingerprint = hashlib.sha256(told.encode()).hexdigest()
    if isinstance(data, LabelledFeatures):
        return dataclasses.replace(
            data, fingerprint=fingerprint, labels=data.labels[places], features=data.features[places]
        )
    read = data.read

    def read_chosen(place: int) -> bytes | NDArray[np.uint8]:
        return read(int(places[place]))

    return dataclasses.replace(
        data,
        fingerprint=fingerprint,
        labels=data.labels[places],
        parts=data.parts[places],
        read=read_chosen,
    )


def labelled_only(data: Labelled) -> Labelled:
    """The items that have a label.

    Raises:
        DatasetError: There is none.
    """
    places = np.flatnonzero(data.labels.any(axis=1))
    if not len(places):
        raise DatasetError(f"No item of {data.name} has a label, and this method learns from labels.")
    return data if len(places) == len(data) else chosen(data, places)


def cached_examples(
    images: LabelledImages,
    trunk: Trunk,
    preprocessing: Preprocessing,
    place: Place,
    *,
    mirrored: bool,
    progress: Progress = silent,
) -> CachedExamples:
    """Examples of features that a frozen backbone gives, computed once and kept."""
    name = f"{trunk.name}, {trunk.sha256}"
    if trunk.positions > 1:
        name += f", {trunk.positions} places of {trunk.feature_dim // trunk.positions} channels"
    if place.bfloat16:
        name += ", bfloat16"
    key = FeatureKey(name, preprocessing, mirrored)
    features = cached_features(
        images, trunk, key, place.cache, device=place.device, bfloat16=place.bfloat16, progress=progress
    )
    labels = torch.from_numpy(images.labels)
    return CachedExamples(features, labels, positions=trunk.positions).to(place.device)


def image_examples(
    images: LabelledImages,
    trunk: Trunk,
    preprocessing: Preprocessing,
    place: Place,
    *,
    strongly: bool = False,
    progress: Progress = silent,
) -> ImageExamples:
    """Examples of images in memory, with a backbone that is trained along.

    Args:
        images: The set.
        trunk: The backbone.
        preprocessing: How images become its input.
        place: Where the backbone computes.
        strongly: Whether views are also cut out and lit at random, instead of mirrored and moved alone.
        progress: Told the images read; may cancel.

    Raises:
        TrainingError: They do not fit into memory.
    """
    if len(images) * preprocessing.size**2 * 3 > _MOST_PIXELS:
        raise TrainingError(
            f"{len(images):,} images of {preprocessing.size} px do not fit into memory. Choose a smaller --size, "
            "or --freeze the backbone, which keeps features only."
        )
    pixels = pixels_of(images, preprocessing, progress=progress)
    labels = torch.from_numpy(images.labels)
    trunk = trunk.to(place.device)
    if torch.device(place.device).type == "cpu":
        keep_freed_memory()
        trunk = trunk.to(memory_format=torch.channels_last)  # else each convolution turns its numbers round
    return ImageExamples(
        trunk,
        pixels.to(place.device),
        labels.to(place.device),
        feature_dim=trunk.feature_dim,
        bfloat16=place.bfloat16,
        positions=trunk.positions,
        crew=place.crew,
        views=varied if strongly else mirrored_and_shifted,
    )


def pixels_of(images: LabelledImages, preprocessing: Preprocessing, *, progress: Progress = silent) -> Tensor:
    """Pixels (N, S, S, 3) uint8 of all images, decoded by two threads.

    Raises:
        ImageError: An image cannot be read.
    """
    size = preprocessing.size
    found = torch.empty((len(images), size, size, 3), dtype=torch.uint8)

    def read(place: int) -> NDArray[np.uint8]:
        return images.pixels(place, preprocessing)

    with ThreadPoolExecutor(2) as threads:
        for first in range(0, len(images), 256):
            progress(first, len(images), "Images")
            some = range(first, min(first + 256, len(images)))
            found[some.start : some.stop] = torch.from_numpy(np.stack(list(threads.map(read, some))))
    return found
