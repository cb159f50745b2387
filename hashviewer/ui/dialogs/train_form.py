"""The form of a training: method, data, model file, backbone, and all that may be set otherwise."""

import dataclasses
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from hashviewer.ui.dialogs.train_constants import ConstantsSection
from hashviewer.ui.dialogs.train_fields import (
    Said,
    WheelScrolls,
    button,
    label_of,
    line_of,
    path_field,
    with_said,
)
from hashviewer.ui.dialogs.train_methods import MethodList
from hashviewer.ui.dialogs.train_numbers import TrainNumbers
from hashviewer.ui.training import Advice, FoundData
from hashviewer.ui.training_choices import Choices, MethodChoice
from hashviewer.ui.training_plan import TrainingPlan, Trunk

DATA_FILES = "Data (*.zip *.txt *.lst *.npz *.safetensors);;All files (*)"
MODEL_FILES = "Models (*.safetensors)"
TRUNKS: dict[Trunk, str] = {
    "auto": "stays as it is, if it has trained weights",
    "freeze": "stays as it is",
    "finetune": "is trained along",
    "scratch": "begins with random weights and is trained along",
}
DEFAULT_BACKBONE = "efficientnet-lite0"


class TrainForm(QWidget):
    """All that a training is made of.

    Args:
        folder: Where model files are proposed.

    Signals:
        changed: The plan is another one.
    """

    changed = Signal()

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._choices: Choices | None = None
        self._own_output = False  # whether the user has named the model file
        self._filling = False
        self._features = False  # whether the data are features, which no backbone looks at
        self.methods = MethodList()
        self.data = path_field("Folder, zip, list file or features; or drop it here", "Data")
        self.found = Said()
        self.output = path_field("The model file to make", "Model file")
        self.output_said = Said()
        self.backbone = QComboBox()
        self.backbone_said = Said()
        self.trunk = QComboBox()
        self.numbers = TrainNumbers()
        self.own = ConstantsSection("Constants of the method")
        self.blocks = ConstantsSection("Building blocks added to it", prefix="block.")
        self.rest = ConstantsSection("How it is trained", prefix="training.")
        self._wheel = WheelScrolls(self)
        self._build()
        self._connect()
        self._set_known(known=False)

    def _build(self) -> None:
        self.backbone.setEditable(True)
        self.backbone.setAccessibleName("Backbone")
        for value, text in TRUNKS.items():
            self.trunk.addItem(text, value)
        self.trunk.setAccessibleName("Whether the backbone is trained")
        column = QWidget()
        inside = QVBoxLayout(column)
        inside.setContentsMargins(0, 0, 12, 0)
        inside.setSpacing(8)
        inside.addLayout(self._paths())
        inside.addWidget(self.numbers)
        for section in (self.own, self.blocks, self.rest):
            inside.addWidget(section)
        inside.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(column)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setMinimumWidth(
            column.minimumSizeHint().width() + scroll.verticalScrollBar().sizeHint().width()
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(16)
        layout.addWidget(self.methods)
        layout.addWidget(scroll, stretch=1)

    def _paths(self) -> QFormLayout:
        folder = button("Folder…", "A folder whose subfolders are the labels")
        file = button("File…", "A zip of such a folder, a list file, or arrays of features")
        place = button("Choose…")
        trunk_file = button("File…", "A backbone that was trained further")
        folder.clicked.connect(self._choose_folder)
        file.clicked.connect(self._choose_file)
        place.clicked.connect(self._choose_output)
        trunk_file.clicked.connect(self._choose_backbone)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(label_of("&Data", self.data), with_said(line_of(self.data, folder, file), self.found))
        form.addRow(
            label_of("Model &file", self.output), with_said(line_of(self.output, place), self.output_said)
        )
        form.addRow(
            label_of("Bac&kbone", self.backbone),
            with_said(line_of(self.backbone, trunk_file), self.backbone_said),
        )
        form.addRow("… which", self.trunk)
        return form

    def _connect(self) -> None:
        self.methods.chosen.connect(self._on_method_chosen)
        self.data.textChanged.connect(self._on_data_changed)
        self.output.textEdited.connect(self._on_output_edited)
        self.output.textChanged.connect(self._tell)
        self.backbone.currentTextChanged.connect(self._tell)
        self.trunk.currentIndexChanged.connect(self._tell)
        self.numbers.bits.valueChanged.connect(self._propose)
        for part in (self.numbers, self.own, self.blocks, self.rest):
            part.changed.connect(self._tell)

    # What it is filled with

    def show_choices(self, choices: Choices) -> None:
        """Offer what there is."""
        self._filling = True
        self._choices = choices
        self.backbone.clear()
        for backbone in choices.backbones:
            note = (
                " · weights are missing"
                if backbone.missing
                else " · small, untrained"
                if backbone.small
                else ""
            )
            self.backbone.addItem(backbone.name + note, backbone)
        self.backbone.setCurrentText(DEFAULT_BACKBONE)
        self.numbers.show_choices(choices.devices, choices.protocols)
        self.blocks.show_constants(choices.blocks)
        self.methods.show_methods(choices.methods)
        self._set_known(known=True)
        self._filling = False

    def show_plan(self, plan: TrainingPlan) -> None:
        """Take over a plan; a method that is not there leaves all as it is."""
        if self._choices is None or self._choices.method(plan.method) is None:
            return
        self._filling = True
        self.methods.choose(plan.method)
        self.data.setText(plan.data)
        self.backbone.setCurrentText(self._name_of(plan.backbone))
        self.trunk.setCurrentIndex(self.trunk.findData(plan.trunk))
        self.numbers.show_plan(plan)
        for section in (self.own, self.blocks, self.rest):
            section.put(plan.settings)
        self._own_output = bool(plan.output)
        self.output.setText(plan.output)
        self._propose()
        self._filling = False
        self._tell()

    def show_paths(self, plan: TrainingPlan) -> None:
        """Take over a plan's data, and its model file unless that was made already."""
        self.data.setText(plan.data)
        if not Path(plan.output).exists():
            self.output.setText(plan.output)
            self._own_output = True

    def with_paths(self, plan: TrainingPlan) -> TrainingPlan:
        """A plan with the data of the form, and its model file unless that was only proposed."""
        output = self.output.text().strip() if self._own_output else ""
        return dataclasses.replace(plan, data=self.data.text().strip(), output=output)

    def show_advice(self, advice: Advice) -> None:
        """Say what was found, each thing where it belongs."""
        problem = {advice.where: advice.problem} if advice.problem else {}
        found = "" if advice.data is None else found_in_words(advice.data)
        self.found.say(problem.get("data", found), is_problem="data" in problem)
        unused = ""
        if advice.data is not None and advice.data.feature_dim:
            unused = "Not needed: the data are features, so no network looks at pictures."
        self.backbone_said.say(problem.get("backbone", unused), is_problem="backbone" in problem)
        self.output_said.say(problem.get("output", ""), is_problem="output" in problem)
        self._set_features(features=bool(unused))

    # What it says

    @property
    def method(self) -> MethodChoice | None:
        """The method chosen."""
        return self.methods.current

    def plan(self) -> TrainingPlan | None:
        """The plan; None before a method was chosen."""
        method = self.method
        if method is None:
            return None
        settings = (*self.own.given(), *self.blocks.given(), *self.rest.given())
        backbone = self._backbone()
        plan = TrainingPlan(
            method=method.key,
            data=self.data.text().strip(),
            output=home_put_in(self.output.text().strip()),
            backbone="" if backbone == DEFAULT_BACKBONE else backbone,
            trunk=self.trunk.currentData(),
            settings=settings,
        )
        plan = self.numbers.put_into(plan)
        if self._features:
            return dataclasses.replace(plan, backbone="", trunk="auto", size=0, mirrored=False)
        return plan

    def _backbone(self) -> str:
        """What the command gets: of an item its name or file, else what was typed."""
        text = self.backbone.currentText().strip()
        place = self.backbone.findText(text)
        return text if place < 0 else self.backbone.itemData(place).given

    def _name_of(self, backbone: str) -> str:
        """The item of a backbone, or the text itself."""
        wanted = backbone or DEFAULT_BACKBONE
        for place in range(self.backbone.count()):
            if self.backbone.itemData(place).given == wanted:
                return self.backbone.itemText(place)
        return wanted

    # Gestures

    def _on_method_chosen(self) -> None:
        method, choices = self.method, self._choices
        if method is None or choices is None:
            return
        filling, self._filling = self._filling, True
        self.own.show_constants(method.constants, title=f"Constants of {method.title}")
        kept = self.rest.given()  # of the training, not of the method before
        self.rest.show_constants(choices.training_of(method))
        self.rest.put(kept)
        self.numbers.show_advice(method)
        self._wheel.watch(self)
        self._filling = filling
        self._propose()
        self._tell()

    def _on_data_changed(self) -> None:
        self._set_features(features=False)
        self._tell()

    def _set_features(self, *, features: bool) -> None:
        if features != self._features:
            before = self.plan()
            self._features = features
            for field in (self.backbone, self.trunk, self.numbers.image_size, self.numbers.mirrored):
                field.setEnabled(not features)
            if self.plan() != before:
                self._tell()

    def _set_known(self, *, known: bool) -> None:
        """Only data and model file can be given while nobody knows what there is to choose."""
        for part in (self.backbone, self.trunk, self.numbers, self.own, self.blocks, self.rest):
            part.setEnabled(known)

    def _propose(self) -> None:
        """A name for the model file that is not taken, unless the user has given one."""
        method = self.method
        if method is None or self._own_output:
            return
        name = f"{method.key}-{self.numbers.bits.value()}"
        path, number = self._folder / f"{name}.safetensors", 2
        while path.exists():
            path = self._folder / f"{name}-{number}.safetensors"
            number += 1
        self.output.setText(str(path))

    def _on_output_edited(self, text: str) -> None:
        self._own_output = bool(text.strip())

    def _tell(self) -> None:
        if not self._filling:
            self.changed.emit()

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, "Folder with a subfolder for each label", self.data.text()
        )
        if chosen:
            self.data.setText(chosen)

    def _choose_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Data to learn from", self.data.text(), DATA_FILES)
        if chosen:
            self.data.setText(chosen)

    def _choose_output(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(
            self, "Model file", self.output.text(), MODEL_FILES,
            options=QFileDialog.Option.DontConfirmOverwrite,  # the start asks
        )  # fmt: skip
        if chosen:
            path = Path(chosen)
            self.output.setText(str(path if path.suffix else path.with_suffix(".safetensors")))
            self._own_output = True

    def _choose_backbone(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "A backbone", "", MODEL_FILES)
        if chosen:
            self.backbone.setCurrentText(chosen)


def home_put_in(path: str) -> str:
    """A path in which ~ is the user's folder, as a shell has it."""
    return str(Path(path).expanduser()) if path.startswith("~") else path


def found_in_words(data: FoundData) -> str:
    """What the data are, in a sentence."""
    kind = f"items of {data.feature_dim:,} features" if data.feature_dim else "images"
    many = f"{data.items:,} {kind} of {data.classes:,} {'class' if data.classes == 1 else 'classes'}"
    each = "several labels each" if data.several else "one label each"
    without = f"; {data.unlabelled:,} without a label" if data.unlabelled else ""
    return f"{many}, {each}{without}."
