"""Measures the files of the zoo again and compares with their rows: what anybody can repeat who has the images.

    python -m benchmarks.zoo_check --data cifar10-jpeg.zip [--write]

A row tells three figures of its file: `mAP` of all queries; `tenth`, of every tenth query on the whole database; and
`small`, of these queries on every twentieth item of the database, which needs the features of 3,050 images instead of
60,000, so that a test can afford it. `--write` adds the last two where a row does not have them yet.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs
import torch
from torch import Tensor

from benchmarks import zoo_features
from benchmarks.zoo_features import Sources, features_of, features_of_own
from benchmarks.zoo_table import HEADS, SIZE, WHOLE, Row, best_run, read_rows, write_rows
from hashviewer.cli.watching import watched
from hashviewer.datasets import LabelledFeatures, open_dataset
from hashviewer.evaluation.protocols import Split, split
from hashviewer.evaluation.ranking_scores import RankingScores, fine_features, score_method
from hashviewer.methods import Method, load_method
from hashviewer.networks.card import SUFFIX, Card, read_card
from hashviewer.networks.header import read_header
from hashviewer.networks.method_network import load_method_network
from hashviewer.networks.trunk_file import find_trunk, tensors_of
from hashviewer.progress import Progress
from hashviewer.training.method_data import Labelled, chosen

MODELS = Path(__file__).resolve().parents[1] / "models" / "cifar10"
WITHIN = 0.01  # of a recomputed figure: 16-bit weights and another engine move single bits
_QUERIES_STEP, _DATABASE_STEP = 10, 20
_CHUNK = 4096


def tenth(scores: RankingScores) -> float:
    """Mean average precision of every tenth query of a ranking of the whole database."""
    return float(scores.per_query[::_QUERIES_STEP].mean())


def small_part(division: Split) -> Split:
    """Every tenth query and every twentieth item of the database; they lie class by class, so each has its share."""
    queries, database = division.queries[::_QUERIES_STEP], division.database[::_DATABASE_STEP]
    return Split(f"{division.name}, small", queries, database, division.training[:0])


def scores_on(
    method: Method, features: Tensor, labels: Tensor, division: Split, *, progress: Progress
) -> RankingScores:
    """Rank by the method's own distance; features (N, D) and labels (N, C) of the items that a division speaks of."""

    def part(places: np.ndarray) -> tuple[Tensor, Tensor]:
        rows = torch.from_numpy(places)
        with torch.no_grad():
            found = [method.outputs(features[some].float()) for some in torch.split(rows, _CHUNK)]
        return torch.cat(found), labels[rows]

    fine = fine_features(method, features, *map(torch.from_numpy, (division.queries, division.database)))
    return score_method(method, part(division.queries), part(division.database), fine=fine, progress=progress)


@dataclass(frozen=True, eq=False)
class Items:
    """Some items of the set with what the backbones make of them.

    Attributes:
        data: These items.
        division: In their own places.
        cache: Where features are kept.
        mirrored: Whether the cache holds mirrored views, too.
    """

    data: Labelled
    division: Split
    cache: Path
    mirrored: bool = False

    def scores(self, path: Path, *, progress: Progress) -> RankingScores:
        """The figures of a file."""
        method, _ = load_method(path)
        labels = torch.from_numpy(self.data.labels).float()
        return scores_on(
            method, self._features(path, progress=progress), labels, self.division, progress=progress
        )

    def _features(self, path: Path, *, progress: Progress) -> Tensor:
        """(N, D) of the file's backbone."""
        if isinstance(self.data, LabelledFeatures):
            return torch.from_numpy(self.data.features)
        card = read_card(path)
        if tensors_of(path, read_header(path).data):
            trunk, folder = load_method_network(path).trunk, self.cache / "features"
            return features_of_own(
                self.data, trunk, card.preprocessing, told=card.sha256, folder=folder, progress=progress
            )
        backbone = find_trunk(card.backbone, card.backbone_sha256, beside=path)
        sources = Sources(
            "", self.cache, _name(card), card.preprocessing.size, share=1.0, mirrored=self.mirrored
        )
        about = {
            "backbone": card.backbone,
            "backbone_sha256": card.backbone_sha256,
            "preprocessing": card.preprocessing.to_json(),
        }
        return features_of(self.data, backbone, about, card.preprocessing, sources, progress=progress)[0]


def all_items(data: Labelled, cache: Path, *, mirrored: bool = False) -> Items:
    """The whole set by protocol I."""
    numbers = {"queries_per_class": zoo_features.QUERIES, "training_per_class": zoo_features.TRAINING}
    return Items(data, split(data.labels, "I", **numbers), cache, mirrored)


def small_items(data: Labelled, division: Split, cache: Path) -> Items:
    """The small part of a division, as a set of its own."""
    part = small_part(division)
    queries, database = len(part.queries), len(part.database)
    local = Split(
        part.name, np.arange(queries), np.arange(queries, queries + database), np.zeros(0, dtype=np.int64)
    )
    return Items(chosen(data, np.concatenate([part.queries, part.database])), local, cache)


def _name(card: Card) -> str:
    """The backbone as `--backbone` takes it: a name, or its file beside the heads."""
    return str(card.path.parent / card.backbone) if card.backbone.endswith(SUFFIX) else card.backbone


def shipped(folder: Path, rows: list[Row]) -> list[tuple[Path, Row]]:
    """Each file, heads and whole networks, with the run of its row that it comes from."""
    found = []
    for row in rows:
        head = None if row["file"] is None else run_of(row, folder / row["file"])
        if head is not None:
            found.append((folder / row["file"], head))
        if row.get("full"):
            found.append((folder / row["full"], row["runs"][WHOLE]))
    return found


def run_of(row: Row, path: Path) -> Row | None:
    """The run that a head comes from: the one whose figure its card tells; else the best."""
    runs = [run for name in HEADS if "mAP" in (run := row["runs"].get(name, {}))]
    told = {value for _, value in read_card(path).figures} if path.is_file() else set()
    by_card = [run for run in runs if run["mAP"] in told]
    best = best_run(row, HEADS)
    return by_card[0] if by_card else (None if best is None else row["runs"][best])


def main() -> int:
    """Compare all files; the exit status is 1 where a figure is another one."""
    chosen_options = _arguments()
    torch.set_num_threads(1)
    data = open_dataset(chosen_options.data)
    items = all_items(data, chosen_options.cache, mirrored=chosen_options.mirrored)
    rows, agreed = read_rows(chosen_options.models), True
    with watched() as progress:
        for file, run in shipped(chosen_options.models, rows):
            found = items.scores(file, progress=progress)
            small = small_items(data, items.division, chosen_options.cache)
            part = small.scores(file, progress=progress).tie_aware
            fresh = {"mAP": found.tie_aware, "tenth": tenth(found), "small": part}
            off = {name: value - run[name] for name, value in fresh.items() if name in run}
            agreed &= all(abs(difference) <= WITHIN for difference in off.values())
            print(file.name, json.dumps({name: round(value, 4) for name, value in fresh.items()}), end=" ")
            print(f"at most {max(map(abs, off.values())):.4f} off", flush=True)
            run |= {name: round(value, 4) for name, value in fresh.items() if name not in run}
    if chosen_options.write:
        write_rows(chosen_options.models, rows, division=items.division.describe(), size=chosen_options.size)
    return 0 if agreed else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the files of the zoo again.")
    parser.add_argument("--data", required=True, help="CIFAR-10 as a zip of folders or in its authors' files")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the files and of zoo.json")
    parser.add_argument("--mirrored", action="store_true", help="the cached features have mirrored views")
    parser.add_argument("--size", type=int, default=SIZE, help="px, as README.md tells it")
    parser.add_argument("--write", action="store_true", help="add figures that a row does not have")
    cache = platformdirs.user_cache_path("hashviewer", appauthor=False) / "zoo"
    parser.add_argument("--cache", type=Path, default=cache, help="of features")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
