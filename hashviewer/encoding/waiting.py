"""Waiting for a slow call without turning a deaf ear to a stop."""

import threading
from collections.abc import Callable
from typing import TypeVar

_TICK = 0.1  # s
T = TypeVar("T")


def wait_for(work: Callable[[], T], *, meanwhile: Callable[[], None]) -> T:
    """What `work` gives, or the error it raises; it runs in a thread of its own.

    Args:
        work: A call that cannot be stopped.
        meanwhile: Called at once and then ten times a second. What it raises ends the waiting: the call is left alone, and its result is
            dropped.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            errors.append(error)

    thread = threading.Thread(target=run, name="slow-call", daemon=True)
    thread.start()
    waiting = True
    while waiting:
        meanwhile()
        thread.join(_TICK)
        waiting = thread.is_alive()
    if errors:
        raise errors[0]
    return results[0]
