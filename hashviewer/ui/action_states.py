"""Keeps the actions as the state is: checked or not, to be chosen or not."""

from hashviewer.ui.actions import Actions
from hashviewer.ui.controller import Controller
from hashviewer.ui.explorer import Explorer


class ActionStates:
    """Follows the explorer for a window's actions."""

    def __init__(self, actions: Actions, explorer: Explorer, controller: Controller) -> None:
        self._actions = actions
        self._explorer = explorer
        self._controller = controller
        for signal in (explorer.can_go_back_changed, explorer.can_go_forward_changed):
            signal.connect(self.enable_history)
        explorer.options_changed.connect(self._check_options)
        controller.suggesting_changed.connect(self._check_suggesting)
        self._check_suggesting()
        self.enable_history()

    def enable_history(self) -> None:
        """Back and forward can be chosen where there is something; to be called when a library opens, too."""
        self._actions["go_back"].setEnabled(self._explorer.can_go_back)
        self._actions["go_forward"].setEnabled(self._explorer.can_go_forward)

    def _check_suggesting(self) -> None:
        self._actions["suggest_radius"].setChecked(self._controller.suggesting)

    def _check_options(self) -> None:
        self._actions["ask_turned"].setChecked(self._explorer.options.turned)
