"""The methods that can be trained: a list by family that is searched by typing, and what there is to say of one."""

from html import escape

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from hashviewer.ui.training_choices import FAMILIES, LABELS, QUERIES, MethodChoice

_KEY = Qt.ItemDataRole.UserRole
WIDTH = 264  # px


class MethodList(QWidget):
    """A field, the methods that fit it, and the chosen one in words.

    Signals:
        chosen: Another method was chosen, by its key.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._methods: dict[str, MethodChoice] = {}
        self._items: dict[str, QTreeWidgetItem] = {}
        self._headings: list[QTreeWidgetItem] = []
        self.field = QLineEdit(placeholderText="Reading the methods…", clearButtonEnabled=True)
        self.field.setAccessibleName("Search the methods")
        self.field.setEnabled(False)
        self.tree = QTreeWidget()
        self.about = QLabel(wordWrap=True)
        self._build()
        self.field.textChanged.connect(self._filter)
        self.field.installEventFilter(self)
        self.tree.currentItemChanged.connect(self._on_current_changed)

    def _build(self) -> None:
        self.tree.setAccessibleName("Methods")
        self.tree.setHeaderHidden(True)
        self.tree.setColumnCount(2)
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(12)
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.about.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.about.setTextFormat(Qt.TextFormat.RichText)
        self.setFixedWidth(WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.field)
        layout.addWidget(self.tree, stretch=1)
        layout.addWidget(self.about)

    def show_methods(self, methods: tuple[MethodChoice, ...]) -> None:
        """Fill the list."""
        self._methods = {method.key: method for method in methods}
        self._items.clear()
        self._headings.clear()
        self.tree.clear()
        for family, title in FAMILIES.items():
            group = [method for method in methods if method.family == family]
            if not group:
                continue
            heading = QTreeWidgetItem(self.tree, [title])
            heading.setFlags(Qt.ItemFlag.ItemIsEnabled)
            heading.setExpanded(True)
            self._headings.append(heading)
            for method in sorted(group, key=lambda one: one.title.casefold()):
                item = QTreeWidgetItem(heading, [method.title, str(method.year)])
                item.setData(0, _KEY, method.key)
                item.setToolTip(0, f"{method.summary}\n{method.paper}")
                self._items[method.key] = item
        self.field.setEnabled(True)
        self.field.setPlaceholderText(f"Search {len(methods)} methods")

    @property
    def current(self) -> MethodChoice | None:
        """The method chosen."""
        item = self.tree.currentItem()
        return None if item is None else self._methods.get(item.data(0, _KEY) or "")

    def choose(self, key: str) -> None:
        """Choose a method; an unknown key changes nothing."""
        item = self._items.get(key)
        if item is not None:
            self.tree.setCurrentItem(item)
            self.tree.scrollToItem(item)

    def fitting(self) -> list[str]:
        """The keys of the methods that are shown."""
        return [key for key, item in self._items.items() if not item.isHidden()]

    def _filter(self, typed: str) -> None:
        words = typed.casefold().split()
        for key, item in self._items.items():
            text = searched(self._methods[key])
            item.setHidden(not all(word in text for word in words))
        for heading in self._headings:
            children = [heading.child(place) for place in range(heading.childCount())]
            heading.setHidden(all(child is None or child.isHidden() for child in children))
        current = self.tree.currentItem()
        if (current is None or current.isHidden()) and (fitting := self.fitting()):
            self.choose(fitting[0])

    def _on_current_changed(self) -> None:
        method = self.current
        if method is not None:
            self.about.setText(in_words(method))
            self.chosen.emit(method.key)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down in the field move in the list."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            fitting = self.fitting()
            if step is not None and fitting:
                method = self.current
                place = fitting.index(method.key) + step if method and method.key in fitting else 0
                self.choose(fitting[place % len(fitting)])
                return True
        return super().eventFilter(watched, event)


def searched(method: MethodChoice) -> str:
    """The text that typed words are looked for in."""
    return f"{method.key} {method.title} {method.year} {method.summary} {method.paper} {method.family}".casefold()


def in_words(method: MethodChoice) -> str:
    """A method for the reader, as HTML."""
    survey = "" if method.survey else " · not in the survey"
    return (
        f"<b>{escape(method.title)}</b> · {method.year}{survey}<br>{escape(method.summary)}"
        f"<p style='margin: 6px 0'><b>Labels:</b> {LABELS[method.labels]}<br>"
        f"<b>Query:</b> {QUERIES[method.query]}</p>{escape(method.paper)}"
    )
