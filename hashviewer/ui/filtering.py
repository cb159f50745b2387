"""The filter field: which photos have all the typed words in their path or label. Pure functions, no Qt."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hashviewer.progress import Progress, silent

if TYPE_CHECKING:
    from hashviewer.library import Library

BLOCK = 50_000  # rows between two looks at whether to stop


def rows_with_words(library: "Library", text: str, *, progress: Progress = silent) -> NDArray[np.int64]:
    """Rows, ascending, whose path or label contains every word of `text`, whatever the case."""
    words = text.casefold().split()
    fitting_labels = [_fitting(library.label_names, word) for word in words]
    found: list[NDArray[np.int64]] = []
    for start in range(0, len(library), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(library)), dtype=np.int64)
        paths = [path.casefold() for path in library.paths(rows)]
        labels = library.labels[rows]
        fits = library.alive[rows].copy()
        for word, by_label in zip(words, fitting_labels, strict=True):
            by_path = np.fromiter((word in path for path in paths), dtype=np.bool_, count=len(paths))
            fits &= by_path | np.isin(labels, by_label)
        found.append(rows[fits])
        progress(int(rows[-1]) + 1, len(library))
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _fitting(names: tuple[str, ...], word: str) -> list[int]:
    return [index for index, name in enumerate(names) if word in name.casefold()]
