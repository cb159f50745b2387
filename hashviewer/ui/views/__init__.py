"""The linked views: each shows a part of the explorer's state and turns gestures into changes of it."""

from hashviewer.ui.tasks import TaskQueue
from hashviewer.ui.views.base import View
from hashviewer.ui.views.bits import BitsView
from hashviewer.ui.views.buckets import BucketsView
from hashviewer.ui.views.photo import PhotoView
from hashviewer.ui.views.plan import PlanView
from hashviewer.ui.views.plot_loading import load
from hashviewer.ui.views.query import QueryView
from hashviewer.ui.views.radius import RadiusView

ALL: tuple[type[View], ...] = (QueryView, RadiusView, BucketsView, BitsView, PhotoView, PlanView)
"""The views, in the order of the menu; the window makes a dock for each."""

__all__ = [
    "ALL",
    "BitsView",
    "BucketsView",
    "PhotoView",
    "PlanView",
    "QueryView",
    "RadiusView",
    "View",
    "warm_up",
]


def warm_up(tasks: TaskQueue) -> None:
    """Import what the plots need in a worker, so that the first answer need not wait for it."""
    tasks.run("import-plots", load)
