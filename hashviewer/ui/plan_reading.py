"""The plan that the open library remembers, read when a code set is shown."""

from functools import partial

from PySide6.QtCore import QObject

from hashviewer.planner import Plan
from hashviewer.ui.explorer import Explorer
from hashviewer.ui.tasks import TaskQueue
from hashviewer.workspace import Workspace

READ_TASK = "plan-of"


class PlanReader(QObject):
    """Keeps the explorer's plan that of the code set shown."""

    def __init__(self, explorer: Explorer, tasks: TaskQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.explorer = explorer
        self.tasks = tasks
        explorer.codes_changed.connect(self.read)
        self.read()

    def read(self) -> None:
        """Ask the library what it remembers."""
        workspace, codes = self.explorer.workspace, self.explorer.codes
        self.tasks.cancel(READ_TASK)
        self.explorer.plan = None
        if workspace is not None and codes is not None:
            work = partial(workspace.plan_of, codes)
            self.tasks.run(READ_TASK, work, on_done=partial(self._on_read, workspace, codes))

    def _on_read(self, workspace: Workspace, codes: str, plan: Plan | None) -> None:
        of_these = (workspace, codes) == (self.explorer.workspace, self.explorer.codes)
        if of_these and self.explorer.plan is None:  # else one was chosen meanwhile
            self.explorer.plan = plan
