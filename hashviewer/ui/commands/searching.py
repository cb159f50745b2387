"""Commands on how the library is searched."""

from dataclasses import replace

from hashviewer.search.how import Distance
from hashviewer.ui.commands.base import WindowPart
from hashviewer.ui.search_words import DISTANCE_WORDS, why_not


class SearchCommands(WindowPart):
    """Mode, distance, the exact answer."""

    def show_search_panel(self) -> None:
        """Open the panel in the tool bar."""
        self.window.toolbar.search.open()

    def show_plan(self) -> None:
        """Show the planner beside what is there."""
        self.window.docks.show("plan")
        self.window.docks["plan"].widget().setFocus()

    def show_exact(self) -> None:
        """The exact answer in place of an approximate one, and back."""
        results = self.explorer.results
        if results is not None and results.matches.exact and not self.explorer.exact:
            self.window.status.showMessage(
                "This answer is exact: every code was compared or none can be missed.", 4000
            )
        self.window.controller.show_exact()

    def mode_rank(self) -> None:
        """Compare every code."""
        self.explorer.options = replace(self.explorer.options, mode="rank")

    def mode_lookup(self) -> None:
        """Look into one table."""
        self.explorer.options = replace(self.explorer.options, mode="lookup")

    def mode_multi(self) -> None:
        """Look into several tables."""
        self.explorer.options = replace(self.explorer.options, mode="multi")

    def mode_planned(self) -> None:
        """Search as the open library's plan says."""
        plan = self.explorer.plan
        if plan is None:
            text = "This library remembers no plan yet: the planner measures which way to search pays."
            self.window.tell(text, "Open the planner", self.show_plan, is_error=False)
        else:
            self.explorer.options = self.explorer.options.searching(plan.how)

    def distance_hamming(self) -> None:
        """Order by differing bits."""
        self._order_by("hamming")

    def distance_weighted(self) -> None:
        """Order by the weights of the differing bits."""
        self._order_by("weighted")

    def distance_asymmetric(self) -> None:
        """Order by the query's outputs at the differing bits."""
        self._order_by("asymmetric")

    def distance_segments(self) -> None:
        """Order by the segments that differ."""
        self._order_by("segments")

    def distance_adc(self) -> None:
        """Order by the quantizer's look-up tables."""
        self._order_by("adc")

    def _order_by(self, distance: Distance) -> None:
        reason = why_not(distance, self.explorer)
        if reason:
            self.window.tell(f"{DISTANCE_WORDS[distance]} distance: {reason}", is_error=False)
        else:
            self.explorer.options = replace(self.explorer.options, distance=distance)
