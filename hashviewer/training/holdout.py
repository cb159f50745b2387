"""How well a head does on photos of classes that it has never seen."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes
from hashviewer.datasets.labelled import one_hot
from hashviewer.evaluation import Coded, average_precision, average_precision_at, mean_average_precision
from hashviewer.progress import Progress, silent
from hashviewer.training.photo_features import PhotoFeatures
from hashviewer.training.photo_head import head_outputs, learn_head

RERANKED = 200
SPLITS = 2  # random halvings of the classes; each gives two runs


@dataclass(frozen=True, slots=True)
class HoldoutRun:
    """One run: the head learned on some classes, measured on the others.

    Every photo of the held-out classes is a query against all others of them; relevant is the same class.

    Attributes:
        cosine: Mean average precision of the cosine of the 1280-d features, the reference.
        hamming: Tie-aware mean average precision of the Hamming ranking.
        reranked: The same after the first 200 are put in the order of the cosine.
    """

    cosine: float
    hamming: float
    reranked: float

    @property
    def relative(self) -> float:
        """`hamming` in units of the reference."""
        return self.hamming / self.cosine

    @property
    def relative_reranked(self) -> float:
        """`reranked` in units of the reference."""
        return self.reranked / self.cosine


def evaluate_holdout(
    photos: PhotoFeatures, *, bits: int, seed: int = 0, splits: int = SPLITS, progress: Progress = silent
) -> tuple[HoldoutRun, ...]:
    """Hold out half the classes at a time, learn on the other half with the committed recipe, and measure.

    Returns:
        Two runs for each split, since both halves are held out in turn.
    """
    runs: list[HoldoutRun] = []
    for held in halvings(photos.labels, splits=splits, seed=seed):
        progress(len(runs), 2 * splits, "Measuring on classes held out")
        learned = photos.only(~held & (photos.labels >= 0))
        head = learn_head(learned.logits, learned.labels, bits=bits, seed=seed)
        test = photos.only(held)
        runs.append(measure(head_outputs(head, test.logits), test.features, test.labels))
    return tuple(runs)


def halvings(labels: NDArray[np.int32], *, splits: int, seed: int) -> Iterator[NDArray[np.bool_]]:
    """For each split both halves of the classes, as masks (N,) of the photos to hold out."""
    classes = np.unique(labels[labels >= 0])
    for split in range(splits):
        order = np.random.default_rng([seed, split]).permutation(classes)
        yield np.isin(labels, order[0::2])
        yield np.isin(labels, order[1::2])


def measure(
    outputs: NDArray[np.float32], features: NDArray[np.float32], labels: NDArray[np.int32]
) -> HoldoutRun:
    """Mean average precisions over N photos, each in turn the query against the others.

    Args:
        outputs: (N, bits) before the sign.
        features: (N, D).
        labels: (N,) class numbers.
    """
    packed = codes.from_outputs(outputs)
    rows = np.arange(len(labels))
    everyone = Coded(packed, one_hot(labels.astype(np.int64), int(labels.max(initial=0)) + 1))
    found = mean_average_precision(everyone, everyone, outputs.shape[1], own_rows=rows)
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    cosine = unit @ unit.T
    reference, reranked = [], []
    for row in rows:
        others = rows != row
        relevant = labels[others] == labels[row]
        reference.append(average_precision(-cosine[row][others], relevant).tie_aware)
        order = _reranked(codes.hamming(packed[row], packed[others]), cosine[row][others])
        reranked.append(average_precision_at(relevant[order], normaliser="total"))
    return HoldoutRun(float(np.mean(reference)), found.tie_aware, float(np.mean(reranked)))


def _reranked(distances: NDArray[np.uint16], cosine: NDArray[np.float32]) -> NDArray[np.int64]:
    order = np.argsort(distances, kind="stable")
    first = order[:RERANKED]
    return np.concatenate([first[np.argsort(-cosine[first], kind="stable")], order[RERANKED:]])
