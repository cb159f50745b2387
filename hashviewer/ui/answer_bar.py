"""The line above the photos that says what an answer is worth, with the exact one a key away."""

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy

from hashviewer.ui.explorer import Explorer
from hashviewer.ui.quantized import shows_quantized
from hashviewer.ui.search_words import Notice, notice_of
from hashviewer.ui.theme import theme_watcher


class AnswerBar(QFrame):
    """Shown for every answer that is not the plain exact ranking.

    Signals:
        exact_wanted: The exact answer in place of an approximate one, or back.
    """

    exact_wanted = Signal()

    def __init__(self, explorer: Explorer) -> None:
        super().__init__()
        self.setObjectName("answerBar")
        self.explorer = explorer
        self.notice: Notice | None = None
        self.badge = QLabel()
        self.badge.setObjectName("badge")
        self.text = QLabel(wordWrap=True)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.grow = QPushButton()
        self.grow.setToolTip("Look into more buckets")
        self.exact = QPushButton()
        self.exact.setToolTip("The exact answer in place of this one, and back (E)")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setSpacing(8)
        for widget in (self.badge, self.text, self.grow, self.exact):
            layout.addWidget(widget)
        self.exact.clicked.connect(self.exact_wanted)
        self.grow.clicked.connect(self._on_grow)
        explorer.results_changed.connect(self.draw)
        explorer.query_changed.connect(self.draw)
        theme_watcher().changed.connect(self.draw)
        self.hide()

    def draw(self) -> None:
        """Say it of the present answer; what belongs to an earlier question is not said."""
        results = self.explorer.results
        if results is not None and results.query is not self.explorer.query:
            return  # stale with the photos, until the answer is there
        quantized = shows_quantized(self.explorer)
        self.notice = None if results is None else notice_of(results, quantized=quantized)
        notice = self.notice
        self.setVisible(notice is not None)
        if notice is None or results is None:
            return
        self.badge.setText(f"≈ {notice.badge}" if notice.approximate and not notice.empty else notice.badge)
        self.text.setText(notice.text)
        self.exact.setVisible(notice.switches)
        self.exact.setText("As before  E" if results.instead_of is not None else "Exact  E")
        self.grow.setVisible(notice.can_grow and self._next_radius() is not None)
        self.grow.setText(f"Radius {self._next_radius()}")
        self.setProperty("approximate", notice.approximate)
        for widget in (self, self.badge):
            widget.style().unpolish(widget)
            widget.style().polish(widget)

    def _next_radius(self) -> int | None:
        """The radius after the present one; None where none is chosen."""
        options, results = self.explorer.options, self.explorer.results
        present = options.probe if options.mode == "lookup" else options.reach
        if results is None or present is None or options.mode == "rank" or present >= results.matches.bits:
            return None
        return present + 1

    def _on_grow(self) -> None:
        options, radius = self.explorer.options, self._next_radius()
        if radius is not None:
            changed = (
                replace(options, probe=radius) if options.mode == "lookup" else replace(options, reach=radius)
            )
            self.explorer.options = changed
