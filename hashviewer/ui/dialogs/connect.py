"""File > Connect to an engine: the address of a library that was pushed to one."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from hashviewer.engines import parse
from hashviewer.engines.address import EXAMPLES
from hashviewer.errors import EngineError

WIDTH = 560  # px
HOW = (
    f"For example {EXAMPLES}. A server's password is read from the environment variable HASHVIEWER_ENGINE_PASSWORD or from "
    "the keyring; it is not kept. “hashviewer push” copies a library to an engine."
)


class ConnectDialog(QDialog):
    """Asks for an engine's address; the connecting is done by the window.

    Signals:
        wanted: The address, as it was understood.
    """

    wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None, *, address: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle("Connect to an engine")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(WIDTH)
        self.address = QLineEdit(address, placeholderText="clickhouse://user@host:8123/database")
        self.notice = QLabel(HOW, wordWrap=True)
        self.notice.setObjectName("muted")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.connect_button = self.buttons.addButton("Connect", QDialogButtonBox.ButtonRole.AcceptRole)
        form = QFormLayout()
        form.addRow("&Address", self.address)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.notice)
        layout.addWidget(self.buttons)
        self.address.textChanged.connect(self._check)
        self.buttons.accepted.connect(self._on_connect)
        self.buttons.rejected.connect(self.reject)
        self._check()

    def _check(self) -> None:
        """Say what is wrong with an address that has come to the part that matters."""
        text = self.address.text().strip()
        try:
            parse(text)
        except EngineError as error:
            self.connect_button.setEnabled(False)
            self.notice.setText(str(error) if "/" in text else HOW)
        else:
            self.connect_button.setEnabled(True)
            self.notice.setText(HOW)

    def _on_connect(self) -> None:
        self.wanted.emit(str(parse(self.address.text().strip())))
        self.accept()
