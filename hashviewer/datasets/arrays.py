"""Features and labels as arrays: an .npz or .safetensors file with `features` (N, D) and `labels` (N,) or (N, C)."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashviewer.datasets.labelled import LabelledFeatures, one_hot
from hashviewer.errors import DatasetError


def read_arrays(path: Path) -> LabelledFeatures:
    """Read a file of features and labels; pickled arrays are refused.

    Raises:
        DatasetError: It cannot be read, or the two arrays do not go together.
    """
    found = _load(path)
    if "features" not in found or "labels" not in found:
        raise DatasetError(
            f"{path.name} needs the arrays “features” and “labels”; it has {', '.join(sorted(found)) or 'none'}."
        )
    features, given = found["features"], found["labels"]
    if features.ndim != 2 or given.ndim not in (1, 2) or len(features) != len(given) or not len(features):
        raise DatasetError(
            f"The features {features.shape} and labels {given.shape} in {path.name} do not go together."
        )
    if not np.issubdtype(features.dtype, np.floating) or not np.isfinite(features).all():
        raise DatasetError(f"The features in {path.name} are not all finite numbers.")
    labels = _labels(path, given)
    names = tuple(str(number) for number in range(labels.shape[1]))
    digest = hashlib.sha256(np.ascontiguousarray(features).tobytes() + labels.tobytes()).hexdigest()
    return LabelledFeatures(path.stem, digest, names, labels, features.astype(np.float32))


def _labels(path: Path, given: NDArray[Any]) -> NDArray[np.uint8]:
    if given.ndim == 1 and np.issubdtype(given.dtype, np.integer):
        return one_hot(given.astype(np.int64), int(given.max()) + 1)
    if given.ndim == 2 and np.isin(given, (0, 1)).all():
        return given.astype(np.uint8)
    raise DatasetError(f"The labels in {path.name} are neither class numbers (N,) nor zeros and ones (N, C).")


def _load(path: Path) -> Mapping[str, NDArray[Any]]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.numpy import load_file

            loaded: Mapping[str, NDArray[Any]] = load_file(path)
            return loaded
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:
        raise DatasetError(f"{path.name} cannot be read as arrays: {error}.") from error
