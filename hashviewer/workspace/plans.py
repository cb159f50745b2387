"""Plans of how a library is best searched, which it remembers."""

import threading

import numpy as np
from numpy.typing import NDArray

from hashviewer import planner
from hashviewer.errors import SearchError
from hashviewer.library import Library
from hashviewer.planner import Goal, Plan
from hashviewer.progress import Progress
from hashviewer.workspace.quantizing import is_quantized
from hashviewer.workspace.searching import searched

NEIGHBOURS = 100  # planned for where nothing else is said


class Plans:
    """The plans of an open library, one for each code set."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()  # guards the dictionary
        self._known: dict[str, Plan] = {}

    def make(
        self,
        key: str,
        bits: int,
        *,
        recall: float,
        k: int | None,
        radius: int | None,
        progress: Progress,
    ) -> Plan:
        """Try every way to search the code set `key`; blocks for up to about a minute.

        Raises:
            SearchError: There is but one way.
        """
        if any(info.key == key and is_quantized(info) for info in self._library.code_sets):
            raise SearchError(
                f"The codes “{key}” are a quantizer's: near photos have no near codes, so tables find nothing, and the one way to "
                "search them is to compare every code. There is nothing to plan."
            )
        goal = Goal(recall, k=NEIGHBOURS if k is None and radius is None else k, radius=radius)
        codes, mask = searched(self._library, key, None)
        rows = np.flatnonzero(mask)

        def outputs(places: NDArray[np.int64]) -> NDArray[np.float32]:
            return self._library.outputs(key, rows[places])

        chosen = codes if len(rows) == len(codes) else codes[rows]
        return planner.plan(chosen, bits, goal, outputs=outputs, progress=progress)

    def remember(self, key: str, plan: Plan) -> bool:
        """Keep a plan: in the library where it can be written, else as long as it is open; True for the first."""
        with self._lock:
            self._known[key] = plan
        if not self._library.writable:
            return False
        self._library.set_setting(_name(key), planner.to_json(plan))
        return True

    def known(self, key: str) -> Plan | None:
        """The plan that is remembered; None if there is none."""
        with self._lock:
            plan = self._known.get(key)
        if plan is None:
            plan = planner.from_json(self._library.setting(_name(key)))
        return plan


def _name(key: str) -> str:
    """Of the library's setting."""
    return f"search plan of {key}"
