"""What a model says about itself, and the offer to encode the open library with it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from hashviewer.networks import Card

WIDTH = 520  # px


class ModelCardDialog(QDialog):
    """The card of a checkpoint.

    Signals:
        encode_wanted: The open library is to be encoded with the model at this path.
        folder_wanted: A new library is to be made with it.
    """

    encode_wanted = Signal(object)
    folder_wanted = Signal(object)

    def __init__(self, parent: QWidget | None, card: Card, *, library: str, has_codes: bool) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Model {card.name}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(WIDTH)
        self._card = card
        form = QFormLayout()
        for name, value in rows_of(card):
            label = QLabel(
                value, wordWrap=True, textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse
            )
            form.addRow(name, label)
        self.offer = QLabel(_offer(library, has_codes=has_codes), wordWrap=True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        text = "New library…" if not library else f"Encode {library}"
        self.encode = self.buttons.addButton(text, QDialogButtonBox.ButtonRole.AcceptRole)
        self.encode.setEnabled(not has_codes)
        self.buttons.rejected.connect(self.reject)
        self.encode.clicked.connect(self._on_encode)
        self._library = library
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.offer)
        layout.addWidget(self.buttons)
        self.resize(WIDTH, layout.totalHeightForWidth(WIDTH))

    def _on_encode(self) -> None:
        (self.encode_wanted if self._library else self.folder_wanted).emit(self._card.path)
        self.accept()


def rows_of(card: Card) -> list[tuple[str, str]]:
    """Name and value of all that a card says."""
    figures = ", ".join(f"{name} {value:.3g}" for name, value in card.figures)
    rows = [
        ("Name", card.name),
        ("Method", card.method),
        ("Bits", f"{card.bits:,}"),
        ("Backbone", card.backbone),
        ("Features", f"{card.feature_dim:,}"),
        ("Input", f"{card.preprocessing.size} × {card.preprocessing.size} px, {card.preprocessing.fit}"),
        ("Trained on", card.training),
        ("Figures", figures),
        ("License", card.license),
        ("Made by", card.created),
        ("SHA-256", f"{card.sha256[:16]}…"),
        ("File", str(card.path)),
    ]
    return [(name, value) for name, value in rows if value]


def _offer(library: str, *, has_codes: bool) -> str:
    if not library:
        return "No library is open. A new one can be made with this model."
    if has_codes:
        return f"{library} has been encoded with this model; its codes are in the tool bar."
    return (
        f"The photos of {library} can be encoded with this model. The present codes stay, "
        "and the tool bar switches between them."
    )
