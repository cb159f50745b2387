"""The process that the window asks about a training before it begins: it has torch, the window has not.

``python -m hashviewer.cli.train_adviser`` prints what can be chosen as one line of JSON, then answers every line of
standard input, a JSON list of the words of `hashviewer train`, by one line: what the data are, whether everything fits
together, and whether an unfinished run would be gone on with.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import typer.main

from hashviewer.cli.app import app
from hashviewer.cli.methods import document, setting_document
from hashviewer.cli.output import print_json
from hashviewer.cli.train import check as check_output
from hashviewer.cli.train_method import job_of
from hashviewer.cli.train_options import Asked, MethodChoices
from hashviewer.errors import HashViewerError, TrainingError

if TYPE_CHECKING:
    from hashviewer.networks.trunks import Trunk
    from hashviewer.training.method_data import Labelled
    from hashviewer.training.method_model import MethodJob
    from hashviewer.training.recipe import Recipe


def serve() -> None:
    """Describe, then answer until standard input ends."""
    print_json(description())
    adviser = Adviser()
    for line in sys.stdin:
        print_json(adviser.answer(json.loads(line)))


def description() -> dict[str, object]:
    """What a training can be made of, as JSON."""
    from hashviewer.evaluation.protocols import ProtocolName
    from hashviewer.methods import Blocks, all_methods, settings_of
    from hashviewer.networks.trunks import NAMES, SMALL, why_no_weights
    from hashviewer.training.choices import Tuning

    backbones = [
        {"name": name, "small": name in SMALL, "missing": why_no_weights(name), "file": ""} for name in NAMES
    ]
    return {
        "event": "description",
        "methods": [{**document(info), "attends": info.method.attends} for info in all_methods()],
        "blocks": [setting_document(setting) for setting in settings_of(Blocks)],
        "training": [setting_document(setting) for setting in settings_of(Tuning)],
        "backbones": [*backbones, *_trained_further()],
        "protocols": list(get_args(ProtocolName)),
        "devices": _devices(),
    }


def _trained_further() -> list[dict[str, object]]:
    """The backbones among the models that were trained further."""
    from hashviewer.networks import models_folders
    from hashviewer.networks.card import SUFFIX
    from hashviewer.networks.trunk_file import is_trunk

    files = sorted(file for folder in models_folders() for file in folder.rglob(f"*{SUFFIX}"))
    return [
        {"name": file.stem, "small": False, "missing": "", "file": str(file)}
        for file in files
        if is_trunk(file)
    ]


def _devices() -> list[str]:
    import torch

    cuda = [f"cuda:{place}" for place in range(torch.cuda.device_count())]
    return ["auto", "cpu", *cuda, *(["mps"] if torch.backends.mps.is_available() else [])]


class Adviser:
    """Answers; keeps the data set and the backbone asked about last, which take long to open."""

    def __init__(self) -> None:
        self._data: tuple[tuple[str, int], Labelled] | None = None
        self._trunk: tuple[tuple[str, bool, int], Trunk] | None = None

    def answer(self, words: list[str]) -> dict[str, object]:
        """What is found of a job, as JSON.

        `problem` is empty if it can begin; else `where` says what it is about: "settings" (method, bits, constants),
        "data", "backbone" or "output". `data` is null where they could not be opened.
        """
        found: dict[str, object] = {"event": "answer", "data": None, "where": "settings", "problem": ""}
        try:
            self._look(words, found)
        except HashViewerError as error:
            found["problem"] = str(error)
        return found

    def _look(self, words: list[str], found: dict[str, object]) -> None:
        """Go through a job, noting in `found` where it is."""
        from hashviewer.training.method_model import prepare

        job = job_of(*parsed(words))
        found["where"] = "data"
        data = self._opened(job)
        found["data"] = data_document(data)
        found["where"] = "backbone"
        trunk = self._backbone(job, data)
        found["where"] = "settings"
        recipe = prepare(job, data, trunk).recipe
        found["where"] = "output"
        check_output(job.output)
        found |= earlier_run(job, recipe)

    def _opened(self, job: "MethodJob") -> "Labelled":
        from hashviewer.datasets import open_dataset

        path = Path(job.data.rpartition(":")[2])
        key = (job.data, path.stat().st_mtime_ns if path.exists() else 0)
        if self._data is None or self._data[0] != key:
            self._data = (key, open_dataset(job.data))
        return self._data[1]

    def _backbone(self, job: "MethodJob", data: "Labelled") -> "Trunk | None":
        from hashviewer.datasets import LabelledFeatures
        from hashviewer.training.method_model import open_backbone

        if isinstance(data, LabelledFeatures):
            return None
        key = (job.backbone, job.scratch, job.maps)
        if self._trunk is None or self._trunk[0] != key:
            self._trunk = (key, open_backbone(job))
        return self._trunk[1]


def data_document(data: "Labelled") -> dict[str, object]:
    """A data set as JSON; `feature_dim` is 0 for images."""
    from hashviewer.datasets import LabelledFeatures

    labels = data.labels
    return {
        "name": data.name,
        "items": len(data),
        "classes": labels.shape[1],
        "several": bool((labels.sum(1) > 1).any()),
        "unlabelled": int((~labels.any(1)).sum()),
        "feature_dim": data.features.shape[1] if isinstance(data, LabelledFeatures) else 0,
    }


def earlier_run(job: "MethodJob", recipe: "Recipe") -> dict[str, object]:
    """The unfinished run beside the output as JSON: its epochs, and whether the job goes on with it."""
    from hashviewer.training.resume import saved_records

    if not job.state.exists():
        return {"epochs_done": 0, "goes_on": False}
    fingerprint, records = saved_records(job.state)
    return {"epochs_done": len(records), "goes_on": fingerprint == recipe.fingerprint()}


def parsed(words: list[str]) -> tuple[str, Asked, MethodChoices]:
    """The words of `hashviewer train` as the command understands them.

    Raises:
        TrainingError: It does not understand them.
    """
    command = typer.main.get_command(app).commands["train"]  # type: ignore[attr-defined]
    try:
        given: dict[str, Any] = command.make_context("train", list(words)).params
    except Exception as error:
        if not type(error).__module__.startswith(("click.", "typer.")):
            raise
        raise TrainingError(getattr(error, "message", str(error))) from error
    asked = Asked(
        given["data"], given["output"], given["bits"], given["seed"], tuple(given["holdout"] or ()), given["device"]
    )  # fmt: skip
    choices = MethodChoices(
        given["backbone"], given["freeze"], given["size"], given["head"], given["epochs"], given["settings"] or [],
        given["protocol"], given["measure_every"], given["mirrored"], given["maps"], given["scratch"], given["bfloat16"],
        given["varied"],
    )  # fmt: skip
    return given["method"], asked, choices


if __name__ == "__main__":
    serve()
