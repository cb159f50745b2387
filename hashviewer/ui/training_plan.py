"""A training as the form describes it, and the command that does it."""

import dataclasses
import json
import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import Literal

Trunk = Literal["auto", "freeze", "finetune", "scratch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """What the command gets; what is empty, 0 or "auto" is left to the method or the command.

    Attributes:
        method: Key.
        data: What `--data` gets.
        output: The model's file.
        bits: Length of the codes.
        backbone: Name or file.
        trunk: Whether the backbone stays as it is.
        head: Kind of the hash layer.
        epochs: Passes over the items.
        seed: Of everything random.
        device: Where it computes.
        protocol: Whose training items are trained on.
        holdout: Share of the items that the run is measured on; None leaves it to the command.
        measure_every: Epochs between two measurements.
        size: Edge of the backbone's input, px.
        mirrored: Whether a frozen backbone sees mirrored images, too.
        maps: Places of the backbone's last map that an attention method sees.
        settings: Names and values of ``--set``.
    """

    method: str
    data: str
    output: str
    bits: int = 48
    backbone: str = ""
    trunk: Trunk = "auto"
    head: str = ""
    epochs: int = 0
    seed: int = 0
    device: str = "auto"
    protocol: str = ""
    holdout: float | None = None
    measure_every: int = 0
    size: int = 0
    mirrored: bool = False
    maps: int = 1
    settings: tuple[tuple[str, str], ...] = ()

    def words(self) -> list[str]:
        """What follows ``hashviewer``, the shortest that says it."""
        words = ["train", self.method, "--data", self.data, "--bits", str(self.bits)]
        for option, value in (
            ("--backbone", self.backbone),
            ("--head", self.head),
            ("--epochs", self.epochs),
            ("--seed", self.seed),
            ("--device", "" if self.device == "auto" else self.device),
            ("--protocol", self.protocol),
            ("--holdout", "" if self.holdout is None else f"{self.holdout:g}"),
            ("--measure-every", self.measure_every),
            ("--size", self.size),
            ("--maps", self.maps if self.maps > 1 else 0),
        ):
            if value:
                words += [option, str(value)]
        words += [] if self.trunk == "auto" else [f"--{self.trunk}"]
        words += ["--mirrored"] if self.mirrored else []
        for name, text in self.settings:
            words += ["--set", f"{name}={text}"]
        return [*words, "-o", self.output]

    def command_line(self) -> str:
        """The command as it is typed into a terminal."""
        words = ["hashviewer", *self.words()]
        return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)

    def to_json(self) -> str:
        """For the settings file."""
        return json.dumps(dataclasses.asdict(self))


def read_plan(text: str) -> TrainingPlan | None:
    """A plan that was kept; None where there is none, or one of another version."""
    try:
        said = json.loads(text)
        return TrainingPlan(**{**said, "settings": tuple((str(n), str(v)) for n, v in said["settings"])})
    except (ValueError, TypeError, KeyError):
        return None
