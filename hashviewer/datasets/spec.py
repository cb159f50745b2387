"""The text that names a data set: a path, or KIND:PATH where the kind is not clear from the path."""

from pathlib import Path

from hashviewer.datasets.arrays import read_arrays
from hashviewer.datasets.cifar10 import holds_cifar10, read_cifar10
from hashviewer.datasets.image_folder import read_image_folder, read_zipped_folder
from hashviewer.datasets.labelled import LabelledFeatures, LabelledImages
from hashviewer.datasets.lists import read_list
from hashviewer.errors import DatasetError

KINDS = ("arrays", "cifar10", "folder", "list", "zip")
_ARRAYS = {".npz", ".safetensors"}


def open_dataset(spec: str) -> LabelledImages | LabelledFeatures:
    """Open what a text names.

    Kinds: "folder" (label = subfolder), "zip" (the same in a zip file), "cifar10" (its authors' files, pickled or
    binary), "list" (lines ``path l1 … lC``), "arrays" (.npz or .safetensors with features and labels).

    Raises:
        DatasetError: There is nothing there, or it is of no known kind.
    """
    kind, colon, rest = spec.partition(":")
    path = Path(rest if colon and kind in KINDS else spec).expanduser()
    if not path.exists():
        raise DatasetError(
            f"There is nothing at {path}. Data are PATH or KIND:PATH, KIND one of {', '.join(KINDS)}."
        )
    chosen = kind if colon and kind in KINDS else _kind(path)
    if chosen == "zip":
        return read_zipped_folder(path)
    if chosen == "arrays":
        return read_arrays(path)
    if chosen == "list":
        return read_list(path)
    return read_cifar10(path) if chosen == "cifar10" else read_image_folder(path)


def _kind(path: Path) -> str:
    if path.is_dir():
        return "cifar10" if holds_cifar10(path) else "folder"
    suffix = path.suffix.lower()
    if suffix in _ARRAYS:
        return "arrays"
    kinds = {".zip": "zip", ".txt": "list", ".lst": "list"}
    if suffix not in kinds:
        raise DatasetError(
            f"{path.name} is of no known kind. Write KIND:{path.name}, KIND one of {', '.join(KINDS)}."
        )
    return kinds[suffix]
