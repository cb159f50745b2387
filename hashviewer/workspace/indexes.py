"""The hash tables of an open library: built once for a state of its codes, and kept."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hashviewer.search import Index, SearchHow, build_index

KEPT = 4  # kinds of tables over all code sets; each can take as much memory as the codes


@dataclass(eq=False)
class _Slot:
    """The tables of one code set in one manner, and the codes that they are of."""

    lock: threading.Lock = field(default_factory=threading.Lock)  # held while they are built
    codes: NDArray[np.uint8] | None = None
    index: Index | None = None


class KeptIndexes:
    """Hash tables, built when first needed and kept until the codes change; the least lately used go first.

    A search keeps the codes and tables that it began with, so a library that grows meanwhile does not disturb it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the dictionary, never held while something slow runs
        self._slots: OrderedDict[tuple[str, str, int], _Slot] = OrderedDict()

    def get(
        self, key: str, codes: NDArray[np.uint8], encoded: NDArray[np.bool_], bits: int, how: SearchHow
    ) -> Index | None:
        """The tables of a code set's present codes for a search; None where it needs none. May take seconds.

        Args:
            key: Of the code set.
            codes: (N, W) its codes; the same array as long as they do not change.
            encoded: (N,) which rows have one.
            bits: Width of the codes.
            how: How it is searched.

        Raises:
            SearchError: The codes cannot be searched so.
        """
        how.check(bits)
        if how.whole:
            return None
        slot = self._slot((key, how.mode, how.tables if how.mode == "multi" else 1))
        with slot.lock:
            if slot.codes is not codes or slot.index is None:
                slot.codes = slot.index = (
                    None  # gives the earlier tables' memory back before the next are built
                )
                slot.index = build_index(codes, bits, how, rows=None if encoded.all() else encoded)
                slot.codes = codes
            return slot.index

    def clear(self) -> None:
        """Let all tables go."""
        with self._lock:
            self._slots.clear()

    def _slot(self, name: tuple[str, str, int]) -> _Slot:
        with self._lock:
            slot = self._slots.setdefault(name, _Slot())
            self._slots.move_to_end(name)
            while len(self._slots) > KEPT:
                self._slots.popitem(last=False)
            return slot
