"""How the library is searched: a small panel below its button in the tool bar."""

from dataclasses import replace

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QFrame,
    QLabel,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from hashviewer.search import DISTANCES, MODES
from hashviewer.search.how import RERANKINGS
from hashviewer.ui.explorer import Explorer
from hashviewer.ui.search_words import (
    DISTANCE_WORDS,
    MODE_WORDS,
    RERANKED_BY,
    effort_words,
    planned_words,
    short_words,
    why_not,
)
from hashviewer.ui.theme import icon, tabular, theme_watcher

WIDTH = 340  # px
MOST_PROBED = 16  # bits; tables are given up for comparing every code long before
MOST_TABLES = 16
UNTIL_EXACT = -1  # of the radius within which several tables find everything


class SearchPanel(QFrame):
    """Mode, how far it looks, and the distance; every change is tried at once.

    Signals:
        plan_wanted: The planner is to be shown.
        planned_wanted: It is to be searched as the library's plan says.
    """

    plan_wanted = Signal()
    planned_wanted = Signal()

    def __init__(self, explorer: Explorer, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("searchPanel")
        self.setFixedWidth(WIDTH)
        self.explorer = explorer
        self._drawing = False
        self.mode = QComboBox()
        self.probe = QSpinBox(minimum=0, maximum=MOST_PROBED, suffix=" bits")
        self.probing = QComboBox()
        self.tables = QSpinBox(minimum=1, maximum=MOST_TABLES)
        self.reach = QSpinBox(minimum=UNTIL_EXACT, maximum=MOST_PROBED, suffix=" bits")
        self.distance = QComboBox()
        self.rerank_by = QComboBox()
        self.turned = QCheckBox("Also mirrored and rotated")
        self.effort = QLabel(wordWrap=True)
        self.planned = QPushButton()
        self.plan = QPushButton("Open the planner…")
        self._build()
        self._connect()

    def _build(self) -> None:
        for mode in MODES:
            self.mode.addItem(MODE_WORDS[mode], mode)
        for distance in DISTANCES:
            self.distance.addItem(DISTANCE_WORDS[distance], distance)
        self.probing.addItem("Nearest codes first", "distance")
        self.probing.addItem("Least certain bits first", "confidence")
        self.reach.setSpecialValueText("as far as exact")
        self.effort.setObjectName("muted")
        self._form = QFormLayout()
        for name, widget, tip in (
            ("&Search", self.mode, "Which codes are compared with the query's"),
            ("&Probe radius", self.probe, "r: buckets whose code differs in so many bits are looked into"),
            ("&Order", self.probing, "Which buckets come first; least certain: where |output| is small"),
            ("&Tables", self.tables, "m: parts of the code, each with a table of its own"),
            ("&Within", self.reach, "Within so many bits every photo is found"),
            ("&Distance", self.distance, "By what the photos found are ordered"),
            (
                "&Re-rank by",
                self.rerank_by,
                "By what the first are re-ordered, where the tool bar asks for some",
            ),
        ):
            widget.setToolTip(tip)
            widget.setAccessibleName(name.replace("&", ""))
            self._form.addRow(name, widget)
        for spin in (self.probe, self.tables, self.reach):
            spin.setFont(tabular(spin.font()))
            spin.setKeyboardTracking(False)
        self._form.addRow("", self.turned)
        self.turned.setToolTip("Ask with the picture's seven turnings, too; the nearest of the eight counts")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addLayout(self._form)
        layout.addWidget(self.effort)
        layout.addWidget(self.planned)
        layout.addWidget(self.plan)

    def _connect(self) -> None:
        self.explorer.options_changed.connect(self.draw)
        self.explorer.plan_changed.connect(self.draw)
        self.explorer.query_changed.connect(self._offer_distances)
        self.explorer.codes_changed.connect(self.draw)
        for combo in (self.mode, self.probing, self.distance, self.rerank_by):
            combo.activated.connect(self._on_edited)
        for spin in (self.probe, self.tables, self.reach):
            spin.valueChanged.connect(self._on_edited)
        self.turned.toggled.connect(self._on_edited)
        self.planned.clicked.connect(self.planned_wanted)
        self.plan.clicked.connect(self._on_plan)

    def open_below(self, widget: QWidget) -> None:
        """Open under a widget, with the keyboard in the first field."""
        self.draw()
        self.adjustSize()
        place = widget.mapToGlobal(QPoint(0, widget.height() + 2))
        screen = widget.screen().availableGeometry()
        place.setX(max(screen.left(), min(place.x(), screen.right() - self.width())))
        self.move(place)
        self.show()
        self.mode.setFocus()

    def draw(self) -> None:
        """Show the explorer's options."""
        options = self.explorer.options
        self._drawing = True
        self.mode.setCurrentIndex(self.mode.findData(options.mode))
        self.probe.setValue(options.probe)
        self.probing.setCurrentIndex(self.probing.findData(options.probing))
        self.tables.setValue(options.tables)
        self.reach.setValue(UNTIL_EXACT if options.reach is None else options.reach)
        self.distance.setCurrentIndex(self.distance.findData(options.distance))
        self.turned.setChecked(options.turned)
        self._offer_rerankings()
        self._drawing = False
        for widgets, mode in (((self.probe, self.probing), "lookup"), ((self.tables, self.reach), "multi")):
            for widget in widgets:
                self._form.setRowVisible(widget, options.mode == mode)
        self.effort.setText(effort_words(options, self._bits()))
        self._offer_plan()
        self._offer_distances()
        self.adjustSize()

    def _offer_distances(self) -> None:
        """Grey what is not possible now; its tool tip says why."""
        model = self.distance.model()
        for index, distance in enumerate(DISTANCES):
            reason = why_not(distance, self.explorer)
            item = model.item(index) if isinstance(model, QStandardItemModel) else None
            if item is not None:
                item.setEnabled(not reason)
                item.setToolTip(reason or f"Order by the {DISTANCE_WORDS[distance]} distance")

    def _offer_rerankings(self) -> None:
        """What the first photos can be re-ordered by: what is stored with the codes, or another code set."""
        workspace, codes = self.explorer.workspace, self.explorer.codes
        others = [] if workspace is None else [info.key for info in workspace.code_sets if info.key != codes]
        self.rerank_by.clear()
        for by in (*RERANKINGS, *others):
            self.rerank_by.addItem(RERANKED_BY.get(by, f"Codes “{by}”"), by)
        place = self.rerank_by.findData(self.explorer.options.rerank_by)
        self.rerank_by.setCurrentIndex(max(place, 0))

    def _offer_plan(self) -> None:
        """The way that the library remembers, to be taken with one click."""
        plan, options = self.explorer.plan, self.explorer.options
        self.planned.setVisible(plan is not None)
        if plan is not None:
            taken = options.searching(plan.how) == options
            self.planned.setText(planned_words(plan, taken=taken))
            self.planned.setEnabled(not taken)
            self.planned.setToolTip(plan.sentence)

    def _bits(self) -> int | None:
        workspace, codes = self.explorer.workspace, self.explorer.codes
        sets = () if workspace is None else workspace.code_sets
        return next((info.bits for info in sets if info.key == codes), None)

    def _on_edited(self) -> None:
        if self._drawing:
            return
        reach = self.reach.value()
        self.explorer.options = replace(
            self.explorer.options,
            mode=self.mode.currentData(),
            probe=self.probe.value(),
            probing=self.probing.currentData(),
            tables=self.tables.value(),
            reach=None if reach == UNTIL_EXACT else reach,
            distance=self.distance.currentData(),
            rerank_by=self.rerank_by.currentData(),
            turned=self.turned.isChecked(),
        )

    def _on_plan(self) -> None:
        self.hide()
        self.plan_wanted.emit()


class SearchButton(QToolButton):
    """Says in the tool bar how the library is searched, and opens the panel."""

    def __init__(self, explorer: Explorer) -> None:
        super().__init__()
        self.explorer = explorer
        self.panel = SearchPanel(explorer, self)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setAccessibleName("How it is searched")
        self.clicked.connect(self.open)
        explorer.options_changed.connect(self.draw)
        theme_watcher().changed.connect(self.draw)
        self.draw()

    def open(self) -> None:
        """Open the panel."""
        self.panel.open_below(self)

    def draw(self) -> None:
        """Say how it is searched now."""
        options = self.explorer.options
        self.setIcon(icon("sliders"))
        self.setText(short_words(options))
        distance = DISTANCE_WORDS[options.distance]
        self.setToolTip(f"{MODE_WORDS[options.mode]}; {distance} distance (Ctrl+H)")
