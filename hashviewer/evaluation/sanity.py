"""What hashing figures are to be compared with: a plain classifier, classes that training never saw, other seeds.

After A. Sablayrolles, M. Douze, N. Usunier, H. Jégou, "How should we evaluate supervised hashing?", ICASSP 2017: where the
classes of queries and training are the same, the number of the predicted class, written in a few bits, ranks as well as
most codes do; only classes that training has not seen show whether a code says more than that.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.errors import DatasetError
from hashviewer.evaluation.figures import EvaluationReport
from hashviewer.evaluation.protocols import Split
from hashviewer.evaluation.ranked import Coded
from hashviewer.evaluation.report import Wanted, evaluate
from hashviewer.progress import Progress, silent

DECAYS = (
    1e-5,
    1e-4,
    1e-3,
    1e-2,
    1e-1,
)  # of the classifier's weights; the best on held-out training images is taken
_HELD_OUT = 5  # one in so many training images chooses the decay
_ITERATIONS = 100


@dataclass(frozen=True, slots=True, eq=False)
class LinearClassifier:
    """A linear map of scaled features.

    Attributes:
        mean: (D,) of the training features.
        scale: (D,) their deviation.
        weight: (D, C).
        bias: (C,).
        decay: Of the weights, chosen on held-out training images.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    decay: float

    def predict(self, features: NDArray[np.floating]) -> NDArray[np.int64]:
        """The most likely classes (N,) of features (N, D)."""
        scores = (features.astype(np.float32) - self.mean) / self.scale @ self.weight + self.bias
        numbers: NDArray[np.int64] = scores.argmax(axis=1)
        return numbers


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """How the classifier's answers rank, written as codes.

    Attributes:
        report: The same figures as of any other code.
        bits: That the number of a class fills.
        accuracy: Share of the queries whose class it knows.
        training: Images that it learnt from.
    """

    report: EvaluationReport
    bits: int
    accuracy: float
    training: int


@dataclass(frozen=True, slots=True, eq=False)
class Unseen:
    """A division for classes that training does not see.

    Attributes:
        seen: Numbers of the classes to train on, ascending.
        unseen: The other classes, of which queries and database are.
        division: Its training items are of the seen classes alone, its queries and database of the others.
    """

    seen: NDArray[np.int64]
    unseen: NDArray[np.int64]
    division: Split


@dataclass(frozen=True, slots=True)
class Repeated:
    """A figure over several seeds.

    Attributes:
        mean: Over the seeds.
        deviation: Standard deviation of a seed, with n - 1; NaN for one seed.
        count: How many seeds.
    """

    mean: float
    deviation: float
    count: int


def class_bits(classes: int) -> int:
    """Bits that the number of a class fills: ceil(log2 classes), at least 1."""
    return max(math.ceil(math.log2(classes)), 1)


def class_codes(numbers: NDArray[np.int64], classes: int) -> NDArray[np.uint8]:
    """Packed codes (N, W) of class numbers (N,), the most significant bit first."""
    bits = class_bits(classes)
    return packed.pack((numbers[:, None] >> np.arange(bits - 1, -1, -1)) & 1 > 0)


def train_classifier(
    features: NDArray[np.floating], numbers: NDArray[np.int64], classes: int, *, seed: int = 0
) -> LinearClassifier:
    """Softmax regression on fixed features.

    Args:
        features: (T, D) of the training items.
        numbers: (T,) their classes.
        classes: How many there are.
        seed: Of the draw of those held out to choose the decay of the weights.
    """
    values = features.astype(np.float32)
    mean, scale = values.mean(axis=0), values.std(axis=0)
    scale = np.where(scale > 0, scale, 1).astype(np.float32)
    scaled = (values - mean) / scale
    held = np.random.default_rng(seed).permutation(len(numbers)) % _HELD_OUT == 0
    scores = []
    for decay in DECAYS:
        weight, bias = _fit(scaled[~held], numbers[~held], classes, decay)
        right = (scaled[held] @ weight + bias).argmax(axis=1) == numbers[held]
        scores.append(float(right.mean()) if held.any() else 0.0)
    best = DECAYS[int(np.argmax(scores))]
    weight, bias = _fit(scaled, numbers, classes, best)
    return LinearClassifier(mean, scale, weight, bias, best)


def classifier_baseline(
    features: NDArray[np.floating],
    labels: NDArray[np.uint8],
    division: Split,
    *,
    kinds: NDArray[np.int64] | None = None,
    label_names: tuple[str, ...] = (),
    wanted: Wanted | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Baseline:
    """Train a classifier on a division's training items and rank by the numbers of the classes that it predicts.

    Args:
        features: (N, D) of all items.
        labels: (N, C) multi-hot; each item of the division has one label.
        division: Who asks whom, and what may be learnt from.
        kinds: Numbers of the classes of the training items, all of which the classifier knows; None for all C.
        label_names: Of the C labels.
        wanted: What is told.
        seed: Of the classifier.
        progress: Told the queries done; may cancel.

    Raises:
        DatasetError: There is nothing to learn from, an item has several labels, or queries are learnt from.
    """
    used = np.unique(np.concatenate([division.queries, division.database, division.training]))
    if (labels[used].sum(axis=1) != 1).any():
        raise DatasetError(
            "A classifier's answer is one class, so the baseline needs one label for each item."
        )
    if not len(division.training) or len(np.intersect1d(division.queries, division.training)):
        raise DatasetError(
            f"The protocol “{division.name}” keeps no training items apart from its queries, and the baseline learns from "
            "training items: choose the protocol I."
        )
    known = np.arange(labels.shape[1]) if kinds is None else kinds
    numbers = labels.argmax(axis=1)
    taught = division.training
    learnt = train_classifier(
        features[taught], np.searchsorted(known, numbers[taught]), len(known), seed=seed
    )
    asked, ranked = (learnt.predict(features[part]) for part in (division.queries, division.database))
    report = evaluate(
        Coded(class_codes(asked, len(known)), labels[division.queries]),
        Coded(class_codes(ranked, len(known)), labels[division.database]),
        class_bits(len(known)),
        label_names=label_names,
        wanted=dataclasses.replace(wanted or Wanted(), radius=0),
        progress=progress,
    )
    accuracy = float((known[asked] == numbers[division.queries]).mean())
    return Baseline(report, class_bits(len(known)), accuracy, len(taught))


def unseen_classes(labels: NDArray[np.uint8], division: Split, *, seed: int) -> Unseen:
    """Keep three quarters of the classes, rounded down, for training, and the others for queries and database.

    Items that have labels of both kinds take no part.

    Args:
        labels: (N, C) multi-hot.
        division: What queries, database and training are taken from.
        seed: Of the draw of the classes.

    Raises:
        DatasetError: There are fewer than four classes.
    """
    classes = labels.shape[1]
    if classes < 4:
        raise DatasetError(f"Of {classes} classes a quarter cannot be kept apart: at least 4 are needed.")
    order = np.random.default_rng(seed).permutation(classes)
    seen, unseen = np.sort(order[: classes * 3 // 4]), np.sort(order[classes * 3 // 4 :])
    known, new = (labels[:, kinds].max(axis=1) > 0 for kinds in (seen, unseen))
    asked, trained = new & ~known, known & ~new
    parts = (division.queries, division.database, division.training)
    kept = (part[mask[part]] for part, mask in zip(parts, (asked, asked, trained), strict=True))
    return Unseen(seen, unseen, Split(f"{division.name}, unseen classes", *kept))


def over_seeds(values: Sequence[float]) -> Repeated:
    """Mean and deviation of a figure that was measured with several seeds."""
    found = np.asarray(values, dtype=np.float64)
    deviation = float(found.std(ddof=1)) if len(found) > 1 else float("nan")
    return Repeated(float(found.mean()), deviation, len(found))


def _fit(
    scaled: NDArray[np.float32], numbers: NDArray[np.int64], classes: int, decay: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights (D, C) and bias (C,) that minimise the mean cross-entropy plus decay times the squared weights."""
    import torch

    inputs, targets = torch.from_numpy(scaled), torch.from_numpy(numbers)
    weight = torch.zeros(scaled.shape[1], classes, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=_ITERATIONS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = torch.nn.functional.cross_entropy(inputs @ weight + bias, targets)
        value = value + decay * weight.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    before = torch.get_num_threads()
    torch.set_num_threads(1)  # several would wait for one another longer than they compute
    try:
        optimizer.step(loss)  # type: ignore[no-untyped-call]
    finally:
        torch.set_num_threads(before)
    return weight.detach().numpy(), bias.detach().numpy()
