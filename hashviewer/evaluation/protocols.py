"""How a labelled set is divided into queries, database and training items.

I: queries of each class, training items of each class, all but the queries in the database. I': the training items
are not in the database. I-all: training on the whole database. II: as that, with 1,000 queries of each class.
III: the official test part asks, the official training part is database and training. random: as I, but queries and
training items are drawn from all, not class by class, as usual for MS-COCO, MIRFlickr and VOC. each: every labelled item
asks all others.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import DatasetError

ProtocolName = Literal["I", "I'", "I-all", "II", "III", "random", "each"]
RANDOM_QUERIES, RANDOM_TRAINING = 5000, 10_000  # as for MS-COCO


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Places of a labelled set, each ascending.

    Attributes:
        name: Of the protocol.
        queries: (Q,).
        database: (N,); never holds a query, but for "each", where a query is left out of its own ranking.
        training: (T,).
    """

    name: str
    queries: NDArray[np.int64]
    database: NDArray[np.int64]
    training: NDArray[np.int64]

    def describe(self) -> str:
        """The protocol and its numbers, to print beside every figure."""
        if self.name == "each":
            return f"protocol each: {len(self.queries):,} queries, each against all others"
        return (
            f"protocol {self.name}: {len(self.queries):,} queries, {len(self.database):,} in the database, "
            f"{len(self.training):,} for training"
        )


def split(
    labels: NDArray[np.uint8],
    protocol: ProtocolName,
    *,
    seed: int = 0,
    parts: NDArray[np.str_] | None = None,
    queries_per_class: int | None = None,
    training_per_class: int | None = None,
) -> Split:
    """Divide a labelled set; images without any label take no part.

    Args:
        labels: (N, C) multi-hot. With several labels, classes are visited in turn and draw from what is left.
        protocol: Which division.
        seed: Of the draw.
        parts: (N,) official parts; needed for III.
        queries_per_class: 100 by default, 1,000 for II; in all for "random", 5,000 by default.
        training_per_class: For I and I', 500 by default; in all for "random", 10,000 by default.

    Raises:
        DatasetError: A class has too few images, or there are no official parts.
    """
    labelled = np.flatnonzero(labels.any(axis=1))
    if protocol == "each":
        return Split("each", labelled, labelled, labelled)
    if protocol == "III":
        if parts is None or not {"train", "test"} <= set(parts.tolist()):
            raise DatasetError(
                "Protocol III needs the official parts “train” and “test”; these data have none."
            )
        train = labelled[parts[labelled] == "train"]
        return Split("III", labelled[parts[labelled] == "test"], train, train)
    random = np.random.default_rng(seed)
    if protocol == "random":
        return _random(
            labelled, random, queries_per_class or RANDOM_QUERIES, training_per_class or RANDOM_TRAINING
        )
    each = queries_per_class if queries_per_class is not None else (1000 if protocol == "II" else 100)
    free = np.zeros(len(labels), dtype=np.bool_)
    free[labelled] = True
    queries = _draw(labels, free, each, random, "queries")
    rest = np.flatnonzero(free)
    if protocol in {"I-all", "II"}:
        return Split(protocol, queries, rest, rest)
    taught = 500 if training_per_class is None else training_per_class
    training = _draw(labels, free, taught, random, "training images")
    return Split(protocol, queries, rest if protocol == "I" else np.flatnonzero(free), training)


def _random(labelled: NDArray[np.int64], random: np.random.Generator, queries: int, training: int) -> Split:
    if len(labelled) < queries + training:
        raise DatasetError(
            f"{len(labelled):,} labelled images do not suffice for {queries:,} queries and {training:,} for training."
        )
    order = random.permutation(labelled)
    database = np.sort(order[queries:])
    return Split("random", np.sort(order[:queries]), database, np.sort(order[queries : queries + training]))


def _draw(
    labels: NDArray[np.uint8],
    free: NDArray[np.bool_],
    each: int,
    random: np.random.Generator,
    what: str,
) -> NDArray[np.int64]:
    """Take `each` free images of every class; they are free no longer."""
    taken = []
    for number in range(labels.shape[1]):
        some = np.flatnonzero(free & (labels[:, number] > 0))
        if len(some) < each:
            raise DatasetError(
                f"Class {number} has {len(some)} images left, but {each} {what} are to be drawn from it."
            )
        chosen = random.choice(some, each, replace=False)
        free[chosen] = False
        taken.append(chosen)
    return np.sort(np.concatenate(taken)) if taken else np.zeros(0, dtype=np.int64)
