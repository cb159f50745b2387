"""What the zoo trains on: a labelled set divided by protocol I, and a frozen backbone's features of it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hashviewer.datasets import LabelledFeatures, LabelledImages, open_dataset
from hashviewer.encoding.engine import Engine, open_engine
from hashviewer.evaluation.protocols import Split, split
from hashviewer.images import Preprocessing
from hashviewer.methods import Shape, find_method, save_method
from hashviewer.networks.trunk_file import open_trunk
from hashviewer.networks.trunks import Trunk
from hashviewer.progress import Progress
from hashviewer.training.cached_features import FeatureKey, cached_features
from hashviewer.training.method_data import Labelled, chosen

QUERIES, TRAINING = 100, 500  # of each class


@dataclass(frozen=True, eq=False)
class Zoo:
    """What all methods are trained and measured on.

    Attributes:
        data: The labelled set.
        division: Protocol I.
        features: (V, N, D) of all items.
        about: The card's texts about the backbone.
        told: What determines the features, for the resumption of runs.
    """

    data: Labelled
    division: Split
    features: Tensor
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


def open_zoo(sources: Sources, *, progress: Progress) -> Zoo:
    data = part_of(open_dataset(sources.data), sources.share)
    division = protocol_one(data, sources.share)
    if isinstance(data, LabelledFeatures):
        about = {"backbone": "features", "backbone_sha256": "", "preprocessing": Preprocessing().to_json()}
        return Zoo(data, division, torch.from_numpy(data.features)[None], about, data.fingerprint)
    trunk = open_trunk(sources.backbone, pretrained=True)
    preprocessing = Preprocessing(size=sources.size, crop_fraction=1.0)
    by_file = trunk.weights.endswith(".safetensors")
    about = {
        "backbone": trunk.weights if by_file else trunk.name,
        "backbone_sha256": trunk.sha256,
        "preprocessing": preprocessing.to_json(),
    }
    features = features_of(data, trunk, about, preprocessing, sources, progress=progress)
    return Zoo(data, division, features, about, f"{data.fingerprint} {about} {sources.mirrored}")


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
    """By the fastest engine of this machine; an untrained head makes a checkpoint of the backbone for it."""
    probe = sources.cache / "probes" / f"{trunk.sha256[:16]}-{sources.size}.safetensors"
    if Path(sources.backbone).is_file():
        (probe.parent).mkdir(parents=True, exist_ok=True)
        (probe.parent / trunk.weights).write_bytes(Path(sources.backbone).read_bytes())
    if not probe.is_file():
        with torch.random.fork_rng():
            torch.manual_seed(0)
            head = find_method("dsh").method()
            head.build(Shape(trunk.feature_dim, 64, 2, "linear"))
        save_method(probe, head, {}, about)
    engine = open_engine(probe, precision="float32")
    key = FeatureKey(f"{trunk.name}, {trunk.sha256}, {engine.name}", preprocessing, sources.mirrored)
    try:
        with ThreadPoolExecutor(engine.lanes) as threads:
            network = EngineTrunk(engine, threads)
            return cached_features(data, network, key, sources.cache / "features", progress=progress)
    finally:
        engine.close()


class EngineTrunk(nn.Module):
    """The encoder's engine as a backbone: uint8 images (B, S, S, 3) to features (B, D)."""

    def __init__(self, engine: Engine, threads: ThreadPoolExecutor) -> None:
        super().__init__()
        self._engine = engine
        self._threads = threads

    def forward(self, images: Tensor) -> Tensor:
        """Features of all images, shared out among the engine's lanes."""
        parts = np.array_split(np.ascontiguousarray(images.numpy()), self._engine.lanes)
        found = self._threads.map(self._engine.encode, [part for part in parts if len(part)])
        return torch.from_numpy(np.concatenate([one.features for one in found]))
