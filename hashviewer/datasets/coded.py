"""Binary codes with labels, as an .npz file holds them: what `export` writes, or what a training run elsewhere left."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed
from hashviewer.datasets.labelled import one_hot
from hashviewer.errors import DatasetError


@dataclass(frozen=True, slots=True, eq=False)
class LabelledCodes:
    """Codes and labels.

    Attributes:
        name: For the user.
        bits: Length of the codes.
        label_names: The C labels.
        codes: (N, ceil(bits / 8)) packed.
        labels: (N, C) uint8, 1 where an item has a label.
        parts: (N,) official part of each item; "" where there are none.
        queries: (Q,) places of the items that the file itself says are the queries; None if it does not.
        features: (N, D) of the backbone; None where there are none.
    """

    name: str
    bits: int
    label_names: tuple[str, ...]
    codes: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    parts: NDArray[np.str_]
    queries: NDArray[np.int64] | None = None
    features: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.codes)


def read_codes(path: Path) -> LabelledCodes:
    """Read a file of codes; pickled arrays are refused.

    The arrays: ``codes`` (N, W) packed uint8 with ``bits``, or ``codes`` (N, bits) of 0/1 or -1/+1, or ``outputs`` (N, bits)
    whose signs are the code; ``labels`` (N,) class numbers, -1 for none, or (N, C) of 0/1. ``query_codes`` and
    ``query_labels``, where they are, hold the queries, and the others the database. ``label_names``, ``parts``, ``features``
    (N, D) and ``query_features`` may be there.

    Raises:
        DatasetError: It cannot be read, or the arrays do not go together.
    """
    found = _load(path)
    bits, codes = _codes(path, found, "")
    numbers = [_labels(path, found, "labels", len(codes))]
    queries = None
    if "query_codes" in found:
        asked_bits, asked = _codes(path, found, "query_")
        if asked_bits != bits:
            raise DatasetError(f"The queries in {path.name} have {asked_bits} bits, its database {bits}.")
        numbers.append(_labels(path, found, "query_labels", len(asked)))
        queries = np.arange(len(codes), len(codes) + len(asked))
        codes = np.concatenate([codes, asked])
    labels = _as_one(path, numbers)
    names = [str(name) for name in found.get("label_names", np.arange(labels.shape[1])).tolist()]
    parts = found.get("parts", np.full(len(codes), ""))
    if len(names) < labels.shape[1] or len(parts) != len(codes):
        raise DatasetError(f"The label names or parts in {path.name} do not go with its labels.")
    return LabelledCodes(
        path.stem,
        bits,
        tuple(names[: labels.shape[1]]),
        codes,
        labels,
        parts.astype(np.str_),
        queries,
        _features(path, found, len(codes)),
    )


def _load(path: Path) -> Mapping[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:
        raise DatasetError(f"{path.name} cannot be read as arrays: {error}.") from error


def _codes(path: Path, found: Mapping[str, NDArray[Any]], prefix: str) -> tuple[int, NDArray[np.uint8]]:
    given = found.get(f"{prefix}codes", found.get(f"{prefix}outputs"))
    if given is None or given.ndim != 2 or not len(given) or given.dtype.kind not in "biuf":
        raise DatasetError(f"{path.name} needs “{prefix}codes” or “{prefix}outputs” as numbers (N, bits).")
    if given.dtype == np.uint8 and "bits" in found:
        bits = int(found["bits"])
        if bits < 1 or given.shape[1] != packed.width(bits):
            raise DatasetError(
                f"The {prefix}codes {given.shape} in {path.name} are not packed codes of {bits} bits."
            )
        return bits, np.ascontiguousarray(given)
    if given.dtype.kind == "f" and not np.isfinite(given).all():
        raise DatasetError(f"The {prefix}codes in {path.name} are not all finite numbers.")
    zero_is_a_0 = given.dtype.kind in "bu" or (f"{prefix}codes" in found and not (given < 0).any())
    return given.shape[1], packed.pack(given > 0 if zero_is_a_0 else given >= 0)


def _features(path: Path, found: Mapping[str, NDArray[Any]], count: int) -> NDArray[np.float32] | None:
    """(count, D), those of the queries last; None where not all items have some."""
    parts = [found[name] for name in ("features", "query_features") if name in found]
    if not parts:
        return None
    if any(part.ndim != 2 or part.dtype.kind not in "iuf" for part in parts):
        raise DatasetError(f"The features in {path.name} are not numbers (N, D).")
    if len({part.shape[1] for part in parts}) > 1 or sum(map(len, parts)) != count:
        return None
    return np.concatenate(parts).astype(np.float32)


def _labels(path: Path, found: Mapping[str, NDArray[Any]], name: str, count: int) -> NDArray[Any]:
    labels = found.get(name)
    if labels is None or labels.ndim not in (1, 2) or len(labels) != count:
        raise DatasetError(f"{path.name} needs “{name}” for its {count} codes, (N,) or (N, C).")
    whole = labels.ndim == 2 and bool(np.isin(labels, (0, 1)).all())
    if not whole and not (labels.ndim == 1 and labels.dtype.kind in "iu"):
        raise DatasetError(
            f"“{name}” in {path.name} are neither class numbers (N,) nor zeros and ones (N, C)."
        )
    return labels


def _as_one(path: Path, labels: list[NDArray[Any]]) -> NDArray[np.uint8]:
    """All labels as (N, C)."""
    if len({(part.ndim, part.shape[1:]) for part in labels}) > 1:
        raise DatasetError(f"The labels of queries and database in {path.name} do not go together.")
    joined = np.concatenate(labels)
    if joined.ndim == 2:
        return joined.astype(np.uint8)
    return one_hot(joined.astype(np.int64), max(int(joined.max()) + 1, 1))
