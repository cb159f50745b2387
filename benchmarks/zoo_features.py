"""What the zoo trains on: a labelled set divided by protocol I, and a frozen backbone's features of it."""

import argparse
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from hashviewer.datasets import LabelledFeatures, LabelledImages, open_dataset
from hashviewer.encoding.engine import Engine, open_engine
from hashviewer.evaluation.protocols import Split, split
from hashviewer.images import Preprocessing
from hashviewer.methods import Method, Shape, find_method, save_method
from hashviewer.networks.trunk_file import open_trunk
from hashviewer.networks.trunks import Trunk
from hashviewer.progress import Progress
from hashviewer.training.cached_features import FeatureKey, cached_features
from hashviewer.training.image_examples import mirrored_and_shifted
from hashviewer.training.method_data import Labelled, chosen, pixels_of

QUERIES, TRAINING = 100, 500  # of each class
_BATCH = 64  # images a forward pass


@dataclass(frozen=True, eq=False)
class Zoo:
    """What all methods are trained and measured on.

    Attributes:
        data: The labelled set.
        division: Protocol I.
        features: (V, N, D) of all items.
        views: (V, T, D) of the training items: plain first, then as they are moved and mirrored at random.
        about: The card's texts about the backbone.
        told: What determines the features, for the resumption of runs.
    """

    data: Labelled
    division: Split
    features: Tensor
    views: Tensor
    about: dict[str, str]
    told: str

    @property
    def labels(self) -> Tensor:
        """(N, C) float32."""
        return torch.from_numpy(self.data.labels).float()


@dataclass(frozen=True)
class Sources:
    """What is asked for; see `benchmarks.zoo --help`."""

    data: str
    cache: Path
    backbone: str
    size: int
    share: float
    mirrored: bool
    views: int = 0

    @classmethod
    def asked(cls, options: argparse.Namespace) -> Self:
        """From the options of a program that have these names."""
        return cls(**{field.name: getattr(options, field.name) for field in fields(cls)})


def open_zoo(sources: Sources, *, progress: Progress) -> Zoo:
    data = part_of(open_dataset(sources.data), sources.share)
    division = protocol_one(data, sources.share)
    if isinstance(data, LabelledFeatures):
        about = {"backbone": "features", "backbone_sha256": "", "preprocessing": Preprocessing().to_json()}
        features = torch.from_numpy(data.features)[None]
        return Zoo(data, division, features, features[:, division.training], about, data.fingerprint)
    trunk = open_trunk(sources.backbone, pretrained=True)
    preprocessing = Preprocessing(size=sources.size, crop_fraction=1.0)
    by_file = trunk.weights.endswith(".safetensors")
    about = {
        "backbone": trunk.weights if by_file else trunk.name,
        "backbone_sha256": trunk.sha256,
        "preprocessing": preprocessing.to_json(),
    }
    features = features_of(data, trunk, about, preprocessing, sources, progress=progress)
    views = features[:, division.training]
    if sources.views:
        training = chosen(data, division.training)
        assert isinstance(training, LabelledImages)
        moved = moved_views(training, trunk, about, preprocessing, sources, progress=progress)
        views = torch.cat([views, moved])
    told = f"{data.fingerprint} {about} {sources.mirrored} {sources.views}"
    return Zoo(data, division, features, views, about, told)


def protocol_one(data: Labelled, share: float) -> Split:
    """Protocol I, or the same share of each of its numbers."""
    queries, training = (max(round(share * number), 1) for number in (QUERIES, TRAINING))
    return split(data.labels, "I", queries_per_class=queries, training_per_class=training)


def part_of(data: Labelled, share: float) -> Labelled:
    """The same share of the items of each class, drawn once and for all."""
    if share >= 1:
        return data
    draw = np.random.default_rng(0)
    places: list[NDArray[np.int64]] = []
    for label in range(data.labels.shape[1]):
        some = np.flatnonzero(data.labels[:, label])
        places.append(draw.choice(some, round(share * len(some)), replace=False))
    return chosen(data, np.unique(np.concatenate(places)))


def features_of(
    data: LabelledImages,
    trunk: Trunk,
    about: dict[str, str],
    preprocessing: Preprocessing,
    sources: Sources,
    *,
    progress: Progress,
) -> Tensor:
    """By the fastest engine of this machine."""
    with engine_trunk(trunk, about, sources) as network:
        key = FeatureKey(f"{trunk.name}, {trunk.sha256}, {network.name}", preprocessing, sources.mirrored)
        return cached_features(data, network, key, sources.cache / "features", progress=progress)


def moved_views(
    data: LabelledImages,
    trunk: Trunk,
    about: dict[str, str],
    preprocessing: Preprocessing,
    sources: Sources,
    *,
    progress: Progress,
) -> Tensor:
    """(views, N, D): features of each image mirrored and moved at random, the same at every call."""
    told = f"{data.fingerprint} {about} {sources.views}"
    path = sources.cache / "views" / f"{hashlib.sha256(told.encode()).hexdigest()[:24]}.safetensors"
    if not path.is_file():
        pixels = pixels_of(data, preprocessing, progress=progress)
        found = []
        with engine_trunk(trunk, about, sources) as network, torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(0)
            for view in range(sources.views):
                progress(view, sources.views, "Views")
                parts = torch.split(pixels, _BATCH)
                found.append(torch.cat([network(mirrored_and_shifted(part)) for part in parts]).half())
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        save_file({"features": torch.stack(found)}, part)
        part.replace(path)
    return load_file(path)["features"]


@contextmanager
def engine_trunk(trunk: Trunk, about: dict[str, str], sources: Sources) -> Iterator["EngineTrunk"]:
    """The backbone in the encoder's engine; an untrained head makes a checkpoint of it for that."""
    probe = sources.cache / "probes" / f"{trunk.sha256[:16]}-{sources.size}.safetensors"
    if Path(sources.backbone).is_file():
        probe.parent.mkdir(parents=True, exist_ok=True)
        (probe.parent / trunk.weights).write_bytes(Path(sources.backbone).read_bytes())
    if not probe.is_file():
        save_method(probe, _untrained_head(trunk), {}, about)
    with _opened(probe) as network:
        yield network


def features_of_own(
    data: LabelledImages,
    trunk: Trunk,
    preprocessing: Preprocessing,
    *,
    told: str,
    folder: Path,
    progress: Progress,
) -> Tensor:
    """Features (N, D) of a backbone that a method trained along, by the fastest engine, whatever the method's query is.

    Args:
        data: Images.
        trunk: As it was read from the network's file.
        preprocessing: How images become its input.
        told: What determines its weights.
        folder: Of the features.
        progress: Told the images done.
    """
    about = {"backbone": trunk.name, "backbone_sha256": "", "preprocessing": preprocessing.to_json()}
    probe = folder / f"{hashlib.sha256(told.encode()).hexdigest()[:16]}.safetensors"
    save_method(probe, _untrained_head(trunk), {}, about, trunk=trunk.network.state_dict())
    with _opened(probe) as network:
        key = FeatureKey(f"{told}, {network.name}", preprocessing)
        return cached_features(data, network, key, folder, progress=progress)[0]


def _untrained_head(trunk: Trunk) -> Method:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        head = find_method("dsh").method()
        head.build(Shape(trunk.feature_dim, 64, 2, "linear"))
    return head


@contextmanager
def _opened(probe: Path) -> Iterator["EngineTrunk"]:
    engine = open_engine(probe, precision="float32")
    try:
        with ThreadPoolExecutor(engine.lanes) as threads:
            yield EngineTrunk(engine, threads)
    finally:
        engine.close()


class EngineTrunk(nn.Module):
    """The encoder's engine as a backbone: uint8 images (B, S, S, 3) to features (B, D)."""

    def __init__(self, engine: Engine, threads: ThreadPoolExecutor) -> None:
        super().__init__()
        self.name = engine.name
        self._engine = engine
        self._threads = threads

    def forward(self, images: Tensor) -> Tensor:
        """Features of all images, shared out among the engine's lanes."""
        parts = np.array_split(np.ascontiguousarray(images.numpy()), self._engine.lanes)
        found = self._threads.map(self._engine.encode, [part for part in parts if len(part)])
        return torch.from_numpy(np.concatenate([one.features for one in found]))
