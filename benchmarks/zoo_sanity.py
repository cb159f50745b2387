"""What the zoo's figures are to be compared with: a plain classifier, the features themselves, unseen classes, other seeds.

    python -m benchmarks.zoo_sanity --data cifar10-jpeg.zip --methods dpsh,csq|--best 10 [--seeds 0 1 2] [--column frozen]

Writes `sanity.json` beside `zoo.json` and what it says into `README.md`; a run that was stopped goes on where it was, and what is there with the same
recipe is not trained again. Each seed is another training of a method on the same protocol; on unseen classes it also draws
other ones. Those need a backbone that was not trained on them, so they are measured for the frozen one only.
"""

import argparse
import dataclasses
import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import platformdirs
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.zoo_check import MODELS, scores_on
from benchmarks.zoo_features import Sources, Zoo, open_zoo
from benchmarks.zoo_recipes import chosen
from benchmarks.zoo_sanity_table import CHANCE, CLASSIFIER, FEATURES, Row, read_sanity, row_for, write_sanity
from benchmarks.zoo_table import SIZE, best_methods, read_rows, write_page
from hashviewer.cli.watching import watched
from hashviewer.codes import from_outputs
from hashviewer.datasets import LabelledImages
from hashviewer.errors import HashViewerError
from hashviewer.evaluation import average_precision, chance_average_precision, code_statistics
from hashviewer.evaluation.protocols import Split
from hashviewer.evaluation.ranking_scores import database_codes
from hashviewer.evaluation.sanity import classifier_baseline, unseen_classes
from hashviewer.methods import find_method, load_method, save_method
from hashviewer.networks.trunks import LITE0
from hashviewer.progress import Progress
from hashviewer.training.examples import CachedExamples
from hashviewer.training.loop import train
from hashviewer.training.recipe import Recipe, recipe_for

_CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Task:
    """What one run trains and measures on.

    Attributes:
        features: (V, N, D) of all items.
        views: (V, T, D) of the training items, as the zoo has them.
        labels: (N, C) float32.
        division: Who asks whom, and what is learnt from.
        kinds: Numbers of the classes that training knows.
        told: What determines the features.
        column: Whose recipes it takes.
    """

    features: Tensor
    views: Tensor
    labels: Tensor
    division: Split
    kinds: NDArray[np.int64]
    told: str
    column: str = "frozen"

    def recipe(self, key: str, *, bits: int, seed: int) -> Recipe:
        """The recipe of a method in this column, for these data and this seed."""
        told = f"{self.told} {self.kinds.tolist()} {hashlib.sha256(self.division.training.tobytes()).hexdigest()}"
        data = hashlib.sha256(told.encode()).hexdigest()
        return dataclasses.replace(chosen(recipe_for(key, bits=bits), self.column), seed=seed, data=data)


def whole_task(zoo: Zoo, column: str = "frozen") -> Task:
    """Protocol I as the zoo has it."""
    kinds = np.arange(zoo.labels.shape[1])
    return Task(zoo.features, zoo.views, zoo.labels, zoo.division, kinds, zoo.told, column)


def unseen_task(zoo: Zoo, *, seed: int) -> Task:
    """The same with the classes that this seed draws kept from training, and asked for."""
    found = unseen_classes(zoo.data.labels, zoo.division, seed=seed)
    places = np.searchsorted(zoo.division.training, found.division.training)
    views = zoo.views[:, torch.from_numpy(places)]
    return Task(zoo.features, views, zoo.labels, found.division, found.seen, zoo.told)


def run_method(task: Task, recipe: Recipe, head: Path, *, progress: Progress) -> Row:
    """Train by a recipe and measure the file that comes of it."""
    places, kinds = torch.from_numpy(task.division.training), torch.from_numpy(task.kinds)
    examples = CachedExamples(task.views, task.labels[places][:, kinds])
    done = train(recipe, examples, state=head.with_suffix(".run"), progress=progress)
    save_method(head, done.method, dict(recipe.settings), {"backbone": "", "backbone_sha256": ""})
    head.with_suffix(".run").unlink(missing_ok=True)
    method, _ = load_method(head)
    scores = scores_on(method, task.features[0], task.labels, task.division, progress=progress)
    parts = torch.split(torch.from_numpy(task.division.database), _CHUNK)
    with torch.no_grad():
        outputs = torch.cat([method.outputs(task.features[0, part].float()) for part in parts])
    codes = from_outputs(database_codes(method, outputs).numpy())
    return {
        "recipe": recipe.fingerprint(),
        "mAP": round(scores.tie_aware, 4),
        "statistics": dataclasses.asdict(code_statistics(codes, recipe.bits)),
    }


def run_classifier(task: Task, *, seed: int, progress: Progress) -> Row:
    """The answers of a linear classifier of the classes that training knows, as codes."""
    labels = task.labels.numpy().astype(np.uint8)
    found = classifier_baseline(
        task.features[0].numpy(),
        labels,
        task.division,
        kinds=task.kinds,
        seed=seed,
        progress=progress,
    )
    return {
        "mAP": round(found.report.tie_aware, 4),
        "optimistic": round(found.report.optimistic, 4),
        "pessimistic": round(found.report.pessimistic, 4),
        "bits": found.bits,
        "accuracy": round(found.accuracy, 4),
        "statistics": dataclasses.asdict(found.report.statistics),
    }


def run_features(task: Task, *, progress: Progress) -> Row:
    """The cosine of the features themselves, without any code."""
    unit = torch.nn.functional.normalize(task.features[0].float(), dim=1)
    database = unit[torch.from_numpy(task.division.database)]
    theirs = task.labels[torch.from_numpy(task.division.database)]
    values = []
    for number, query in enumerate(task.division.queries):
        relevant = (theirs @ task.labels[query] > 0).numpy()
        values.append(average_precision(-(database @ unit[query]).numpy(), relevant).tie_aware)
        progress(number + 1, len(task.division.queries), "queries")
    return {"mAP": round(float(np.mean(values)), 4)}


def run_chance(task: Task) -> Row:
    """Codes that are all alike."""
    theirs = task.labels[torch.from_numpy(task.division.database)]
    totals = [int((theirs @ task.labels[query] > 0).sum()) for query in task.division.queries]
    return {"mAP": round(float(np.mean([chance_average_precision(len(theirs), n) for n in totals])), 4)}


class _Runner:
    """Does what is not there yet, and writes after each run."""

    def __init__(self, zoo: Zoo, asked: argparse.Namespace, progress: Progress) -> None:
        self.zoo, self.asked, self.progress = zoo, asked, progress
        self.frozen = asked.column == "frozen"
        self.failed = False

    def references(self, seed: int) -> None:
        """The rows without a method."""
        for name, task in self._tasks(seed):
            classifier = partial(run_classifier, task, seed=seed, progress=self.progress)
            self._do(CLASSIFIER, name, seed, "", classifier)
            if name == "unseen" or seed == self.asked.seeds[0]:  # on seen classes no seed changes them
                self._do(FEATURES, name, seed, "", partial(run_features, task, progress=self.progress))
                self._do(CHANCE, name, seed, "", partial(run_chance, task))

    def method(self, key: str, seed: int) -> None:
        """A method on the whole protocol and on unseen classes."""
        for name, task in self._tasks(seed):
            recipe = task.recipe(key, bits=self.asked.bits, seed=seed)
            place = self.asked.cache / "sanity" / recipe.fingerprint()[:16]
            head = place / f"{key}-{self.asked.bits}.safetensors"
            run = partial(run_method, task, recipe, head, progress=self.progress)
            self._do(key, name, seed, recipe.fingerprint(), run)

    def _tasks(self, seed: int) -> list[tuple[str, Task]]:
        tasks = [("seen", whole_task(self.zoo, self.asked.column))]
        if self.frozen:
            tasks.append(("unseen", unseen_task(self.zoo, seed=seed)))
        return [(name, task) for name, task in tasks if self.asked.only in ("", name)]

    def _do(self, key: str, name: str, seed: int, recipe: str, run: Callable[[], Row]) -> None:
        rows = read_sanity(self.asked.out)
        row = row_for(rows, key, self.asked.bits, self.asked.column)
        told = recipe or hashlib.sha256(f"{self.zoo.told} {seed}".encode()).hexdigest()
        if any(one["seed"] == seed and one["recipe"] == told for one in row[name]):
            return
        print(f"{key}, {name} classes, seed {seed} …", end=" ", flush=True)
        try:
            found = {**run(), "seed": seed, "recipe": told}
        except HashViewerError as error:
            print(error, flush=True)
            self.failed = True
            return
        rows = read_sanity(self.asked.out)  # others may have written meanwhile
        row = row_for(rows, key, self.asked.bits, self.asked.column)
        row[name] = sorted([o for o in row[name] if o["seed"] != seed] + [found], key=lambda o: o["seed"])
        if name == "unseen":
            names = self.zoo.data.label_names
            kinds = unseen_classes(self.zoo.data.labels, self.zoo.division, seed=seed).unseen
            found["classes"] = [names[kind] for kind in kinds]
        write_sanity(self.asked.out, rows)
        print(found["mAP"], flush=True)


def main() -> int:
    """Run what was asked for; the exit status is 1 where a run failed."""
    asked = _arguments()
    torch.set_num_threads(asked.threads)
    keys = [find_method(key).key for key in asked.methods.split(",") if key]
    rows = read_rows(asked.out)
    keys += best_methods(rows, asked.best, bits=asked.bits, column=asked.column)
    with watched() as progress:
        zoo = open_zoo(Sources.asked(asked), progress=progress)
        if asked.column == "adapted" and isinstance(zoo.data, LabelledImages) and asked.backbone == LITE0:
            raise SystemExit("The adapted column has a backbone of its own: name its file with --backbone.")
        runner = _Runner(zoo, asked, progress)
        for seed in asked.seeds:
            runner.references(seed)
        for key in dict.fromkeys(keys):
            for seed in asked.seeds:
                runner.method(key, seed)
    if rows:
        write_page(asked.out, rows, division=zoo.division.describe(), size=asked.size)
    return 1 if runner.failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare the methods with what they must be better than.")
    parser.add_argument("--data", required=True, help="CIFAR-10 as a zip of folders or in its authors' files")
    parser.add_argument("--methods", default="", help="keys with commas; the references alone if left out")
    parser.add_argument("--best", type=int, default=0, help="so many of zoo.json's best in the column, too")
    parser.add_argument("--bits", type=int, default=48)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the images and of the protocol's numbers"
    )
    parser.add_argument("--size", type=int, default=SIZE, help="px of the backbone's input")
    parser.add_argument("--backbone", default=LITE0, help="a name, or a backbone's file")
    parser.add_argument("--column", choices=("frozen", "adapted"), default="frozen")
    parser.add_argument("--only", choices=("", "seen", "unseen"), default="", help="of the two kinds of runs")
    parser.add_argument("--mirrored", action="store_true", help="train on mirrored views, too")
    parser.add_argument("--views", type=int, default=4, help="of each training image, beside the plain one")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--out", type=Path, default=MODELS)
    cache = platformdirs.user_cache_path("hashviewer", appauthor=False) / "zoo"
    parser.add_argument("--cache", type=Path, default=cache, help="of features and unfinished runs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
