"""A kernel over ranges of rows, on all cores."""

import os
import threading
from collections.abc import Callable

STEP = (
    1 << 19
)  # rows a thread takes at a time: enough to be worth a call, few enough to share the work evenly
LEAST = 1 << 17  # rows below which starting a thread costs more than it saves


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def over_ranges(work: Callable[[int, int], None], count: int, *, step: int = STEP) -> None:
    """Call `work(start, end)` for ranges that cover 0…count, from as many threads as there are cores.

    The threads end with the call. An error in any of them is raised here, after all have ended.
    """
    ranges = iter([(start, min(start + step, count)) for start in range(0, count, step)])
    errors: list[BaseException] = []

    def drain() -> None:
        try:
            for start, end in ranges:  # a list's iterator hands out each range once, whichever thread asks
                work(start, end)
        except BaseException as error:  # noqa: BLE001 - raised again by the caller's thread
            errors.append(error)

    helpers = [threading.Thread(target=drain) for _ in range(_helpers(count, step))]
    for helper in helpers:
        helper.start()
    drain()
    for helper in helpers:
        helper.join()
    if errors:
        raise errors[0]


def _helpers(count: int, step: int) -> int:
    """Threads beside the caller's own."""
    return 0 if count < LEAST else min(cores(), -(-count // step)) - 1
