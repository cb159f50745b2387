"""Importing the plots in a worker: pyqtgraph takes half a second, which would freeze the window."""

from collections.abc import Callable
from importlib import import_module
from time import sleep

from hashviewer.ui.tasks import TaskQueue

FRAME_SECONDS = 0.1

_loaded: list[str] = []


def are_loaded() -> bool:
    """Whether the plots can be made without delay."""
    return bool(_loaded)


def load() -> None:
    """Import the plots; for a worker."""
    for module in ("radius_plot", "bit_plots", "heat_map", "weight_plot", "plan_plot"):
        import_module(f"hashviewer.ui.views.{module}")
    _loaded.append("plots")


def _load_after_frame() -> None:
    """Import the plots when the frame is painted that they are missing from: importing slows it down."""
    sleep(FRAME_SECONDS)
    load()


def when_loaded(tasks: TaskQueue, key: str, then: Callable[[], None]) -> bool:
    """Whether the plots are there; if not, they are loaded and `then` is called in the GUI thread.

    Args:
        tasks: Runs the import.
        key: Who asks; asking again while it runs changes nothing.
        then: What to do when they are there.
    """
    if are_loaded():
        return True
    task = f"import-plots-{key}"
    if not tasks.runs(task):
        tasks.run(task, _load_after_frame, on_done=lambda _: then())
    return False
