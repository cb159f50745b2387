import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hashviewer.images import find_photos


@dataclass(frozen=True, slots=True, eq=False)
class PhotoFolder:
    """Photos whose first folder below the root is their label.

    Attributes:
        root: The folder.
        paths: Relative paths in sorted order.
        label_names: The names of the labels, sorted.
        labels: (N,) index into `label_names` for every photo; -1 for photos that lie in no subfolder.
    """

    root: Path
    paths: tuple[str, ...]
    label_names: tuple[str, ...]
    labels: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.paths)


def read_photo_folder(root: Path) -> PhotoFolder:
    """List the photos of a folder; opens none of them."""
    paths = tuple(sorted(found.path for found in find_photos(root)))
    folders = [path.split(os.sep, 1)[0] if os.sep in path else "" for path in paths]
    names = tuple(sorted(set(folders) - {""}))
    index = {name: number for number, name in enumerate(names)}
    return PhotoFolder(
        root, paths, names, np.array([index.get(name, -1) for name in folders], dtype=np.int32)
    )
