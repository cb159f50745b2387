"""Trains every method that learns from labels on CIFAR-10, by protocol I, and measures it.

    python -m benchmarks.zoo --data cifar10-jpeg.zip [--methods dpsh,csq|--best 10] [--bits 48] [--share 0.1]

Features of all images are computed once and kept in the user's cache folder. After each method its head, `zoo.json` and
`README.md` are written; a run that was stopped goes on where it was, in the middle of a method too. Rows whose recipe and
data are unchanged are not trained again. Nothing is tuned here: the recipes are those that the methods advise, or on an
adapted backbone those of `zoo_recipes`.
"""

import argparse
import dataclasses
import hashlib
import json
import shutil
import sys
from pathlib import Path

import platformdirs
import torch

import hashviewer
from benchmarks.zoo_features import Sources, Zoo, open_zoo
from benchmarks.zoo_recipes import chosen
from benchmarks.zoo_table import (
    COLUMNS,
    HEADS,
    SIZE,
    Row,
    best_methods,
    best_run,
    figures_of,
    read_rows,
    row_of,
    write_rows,
)
from hashviewer.cli.watching import watched
from hashviewer.errors import HashViewerError
from hashviewer.evaluation.ranking_scores import RankingScores, fine_features, score_method
from hashviewer.methods import Method, all_methods, find_method, load_method, save_method
from hashviewer.networks.trunks import LITE0
from hashviewer.progress import Progress
from hashviewer.training.examples import CachedExamples
from hashviewer.training.loop import train
from hashviewer.training.recipe import Recipe, recipe_for

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 700_000  # of a head
BITS = 48  # of the papers' tables
CACHE = platformdirs.user_cache_path("hashviewer", appauthor=False) / "zoo"
_CHUNK = 4096


def main() -> int:
    """Run what was asked for; the exit status is 1 where a method failed."""
    asked = _arguments()
    wanted = _wanted(asked)
    torch.set_num_threads(asked.threads)
    with watched() as progress:
        zoo = open_zoo(Sources.asked(asked), progress=progress)
        print(f"{zoo.division.describe()}; features {tuple(zoo.features.shape)}", flush=True)
        runs = [
            (key, bits, name) for bits in asked.bits for key in wanted for name in _runs(key, asked.column)
        ]
        done = [_run(zoo, asked, key, bits, name, progress) for key, bits, name in runs]
    return 0 if all(done) else 1


def _wanted(asked: argparse.Namespace) -> list[str]:
    """Keys of the methods that were asked for."""
    if asked.methods:
        return [find_method(key).key for key in asked.methods.split(",")]
    if asked.best:
        return best_methods(read_rows(asked.out), asked.best, bits=BITS)
    return [info.key for info in all_methods() if info.method.labelled]


def _runs(key: str, column: str) -> list[str]:
    """The column, and beside the adapted one "all" for a method whose paper trains on all labels of the database."""
    on_all = any(figure.protocol == "I-all" for figure in find_method(key).published)
    return [column, "all"] if on_all and column == "adapted" else [column]


def _run(zoo: Zoo, asked: argparse.Namespace, key: str, bits: int, name: str, progress: Progress) -> bool:
    """One run of one method, unless it is there; True if it has a figure."""
    info = find_method(key)
    row = row_of(read_rows(asked.out), info, bits)
    recipe = _recipe(zoo, key, bits, name, asked.seed)
    old = row["runs"].get(name)
    if old and old["recipe"] == recipe.fingerprint() and _there(asked, row):
        return "mAP" in old
    head = asked.cache / "heads" / recipe.fingerprint()[:16] / f"{key}-{bits}.safetensors"
    print(f"{key} {bits} bits, {name} …", end=" ", flush=True)
    try:
        result = measured(zoo, recipe, head, on_all=name == "all", progress=progress)
    except HashViewerError as error:
        result = {"recipe": recipe.fingerprint(), "reason": str(error)}
    rows = read_rows(asked.out)  # others may have written meanwhile
    row = row_of(rows, info, bits)
    row["runs"][name] = result
    if name in COLUMNS:
        row[name] = result.get("mAP")
        if best_run(row, HEADS) == name:
            row["file"] = f"{key}-{bits}.safetensors"
            asked.out.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(head, asked.out / row["file"])
    write_rows(asked.out, rows, division=zoo.division.describe(), size=asked.size)
    print(json.dumps({k: v for k, v in result.items() if k != "recipe"}), flush=True)
    return "mAP" in result


def _there(asked: argparse.Namespace, row: Row) -> bool:
    """Whether the row's head, where it has one, is among the models."""
    return row["file"] is None or Path(asked.out, row["file"]).is_file()


def _recipe(zoo: Zoo, key: str, bits: int, name: str, seed: int) -> Recipe:
    told = f"{zoo.told} {name == 'all'} {hashlib.sha256(zoo.division.training.tobytes()).hexdigest()}"
    recipe = chosen(recipe_for(key, bits=bits), name)
    return dataclasses.replace(recipe, seed=seed, data=hashlib.sha256(told.encode()).hexdigest())


def measured(zoo: Zoo, recipe: Recipe, head: Path, *, on_all: bool, progress: Progress) -> Row:
    """Train, write the head, read it again and measure what was read."""
    division, labels = zoo.division, zoo.labels
    places = torch.from_numpy(division.database if on_all else division.training)
    seen = zoo.features[:, places] if on_all else zoo.views
    examples = CachedExamples(seen, labels[places])
    done = train(recipe, examples, state=head.with_suffix(".run"), progress=progress)
    about = {
        **zoo.about,
        "training": f"{len(places):,} items of {labels.shape[1]} classes of {zoo.data.name}; {division.describe()}",
        "recipe": recipe.to_json(),
        "created": f"hashviewer {hashviewer.__version__}, benchmarks.zoo, seed {recipe.seed}",
    }
    save_method(head, done.method, dict(recipe.settings), about)
    method, _ = load_method(head)
    learnt = done.method.learnt_codes() if on_all else None  # a file need not hold them
    scores = _scores(zoo, method, learnt, progress=progress)
    alone = _scores(zoo, method, learnt, stages=1, progress=progress) if method.stages > 1 else None
    about["figures"] = json.dumps({f"mAP, {division.describe()}": round(scores.tie_aware, 4)})
    save_method(head, done.method, dict(recipe.settings), about)
    head.with_suffix(".run").unlink(missing_ok=True)
    return {
        "recipe": recipe.fingerprint(),
        **figures_of(scores),
        **({} if alone is None else {"first_stage": round(alone.tie_aware, 4)}),
        "seconds": round(done.seconds, 1),
        "epochs": len(done.records),
        "seed": recipe.seed,
        "bytes": head.stat().st_size,
        "too_large": head.stat().st_size > MOST_BYTES and not on_all,
        "training": len(places),
    }


def _scores(
    zoo: Zoo, method: Method, learnt: torch.Tensor | None, *, stages: int = 2, progress: Progress
) -> RankingScores:
    """By the method's own distance; `learnt` are the database's codes if training made them, `stages` of its query count."""
    queries, database = (torch.from_numpy(part) for part in (zoo.division.queries, zoo.division.database))

    def outputs(places: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            parts = torch.split(places, _CHUNK)
            return torch.cat([method.outputs(zoo.features[0, part].float()) for part in parts])

    return score_method(
        method,
        (outputs(queries), zoo.labels[queries]),
        (outputs(database), zoo.labels[database]),
        codes=learnt,
        fine=fine_features(method, zoo.features[0], queries, database) if stages > 1 else None,
        progress=progress,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train and measure the methods on CIFAR-10.")
    parser.add_argument("--data", required=True, help="CIFAR-10 as a zip of folders or in its authors' files")
    parser.add_argument(
        "--methods", default="", help="keys with commas; all that learn from labels if left out"
    )
    parser.add_argument("--best", type=int, default=0, help=f"only so many of zoo.json's best at {BITS} bits")
    parser.add_argument("--bits", type=int, nargs="+", default=[BITS])
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the images and of the protocol's numbers"
    )
    parser.add_argument("--size", type=int, default=SIZE, help="px of the backbone's input")
    parser.add_argument("--backbone", default=LITE0, help="a name, or a backbone's file")
    parser.add_argument("--column", choices=("frozen", "adapted"), default="frozen")
    parser.add_argument("--mirrored", action="store_true", help="train on mirrored views, too")
    parser.add_argument("--views", type=int, default=4, help="of each training image, beside the plain one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--threads", type=int, default=1, help="of torch; heads are too small to gain by more"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "cifar10")
    parser.add_argument("--cache", type=Path, default=CACHE, help="of features and unfinished runs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
