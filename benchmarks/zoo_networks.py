"""Whole networks by the methods' own losses: trained as `hashviewer train --finetune` does, measured by protocol I."""

import argparse
import dataclasses
import json
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import torch

from benchmarks.zoo_check import MODELS, scores_on, small_part, tenth
from benchmarks.zoo_features import features_of_own, part_of, protocol_one
from benchmarks.zoo_recipes import chosen as chosen_recipe
from benchmarks.zoo_table import SIZE, Row, figures_of, read_rows, row_of, write_rows
from hashviewer.cli.train_method import device_of
from hashviewer.datasets import LabelledImages, open_dataset
from hashviewer.errors import HashViewerError
from hashviewer.evaluation.protocols import Split
from hashviewer.methods import find_method, load_method, save_method
from hashviewer.networks.card import read_card
from hashviewer.networks.method_network import load_method_network
from hashviewer.progress import Progress
from hashviewer.training.loop import EpochRecord
from hashviewer.training.method_data import Place, chosen
from hashviewer.training.method_model import MethodJob, Prepared, prepare, train_method
from hashviewer.training.recipe import Recipe, recipe_for

BATCH = 64  # images a step: 2.6 GB at 128 px


@dataclass(frozen=True, eq=False)
class Images:
    """The labelled images and their division by protocol I."""

    data: LabelledImages
    division: Split


def open_images(asked: argparse.Namespace) -> Images:
    data = part_of(open_dataset(asked.data), asked.share)
    assert isinstance(data, LabelledImages), "a backbone is trained on images"
    return Images(data, protocol_one(data, asked.share))


def recipe_of(
    key: str,
    asked: argparse.Namespace,
    *,
    trunk_rate: float,
    head_first: bool = False,
    column: str = "frozen",
) -> Recipe:
    """The method's recipe with the optimizer of whole networks.

    Args:
        key: Of the method.
        asked: The options.
        trunk_rate: The backbone's learning rate itself.
        head_first: Whether the head is trained alone before, as long as it would be on a frozen backbone.
        column: Whose recipe for heads it begins with: "adapted" where the backbone is.
    """
    advised = chosen_recipe(recipe_for(key, bits=asked.bits), column)
    return dataclasses.replace(
        advised,
        epochs=asked.epochs,
        batch=min(advised.batch, BATCH),
        optimizer="adamw",
        trunk_rate=trunk_rate / advised.learning_rate,
        weight_decay=asked.decay,
        schedule="cosine",
        head_first=advised.epochs if head_first else 0,
        seed=asked.seed,
        device=device_of(asked.device),
    )


def run(
    images: Images,
    asked: argparse.Namespace,
    recipe: Recipe,
    name: str,
    *,
    ship: Callable[[list[Row]], Collection[str]] = lambda rows: (),
    progress: Progress,
    **network: object,
) -> bool:
    """One run of one method, unless its row has it; True if it has a figure.

    Args:
        images: What on.
        asked: The options.
        recipe: How.
        name: Of the run in the row.
        ship: Given all rows before they are written, copies networks; gives the keys of those whose network is lost.
        progress: Told what is done.
        network: Further fields of `MethodJob`: backbone, size, varied, scratch.
    """
    try:
        job, ready = _prepared(images, asked, recipe, network)
    except HashViewerError as error:
        print(f"{recipe.method} {recipe.bits} bits, {name}: {error}", flush=True)
        return False
    rows = read_rows(asked.out)
    row = row_of(rows, find_method(recipe.method), recipe.bits)
    old = row["runs"].get(name)
    told = ready.recipe.fingerprint()
    if old and old["recipe"] == told and recipe.method not in ship(rows):
        write_rows(asked.out, rows, division=images.division.describe(), size=SIZE)
        return "mAP" in old
    print(f"{recipe.method} {recipe.bits} bits, {name} …", flush=True)
    try:
        result = _measured(images, job, ready, progress=progress)
    except HashViewerError as error:
        result = {"recipe": told, "reason": str(error)}
    rows = read_rows(asked.out)  # others may have written meanwhile
    row = row_of(rows, find_method(recipe.method), recipe.bits)
    row["runs"][name] = result
    if name in row:
        row[name] = result.get("mAP")
    ship(rows)
    write_rows(asked.out, rows, division=images.division.describe(), size=SIZE)
    print(json.dumps({k: v for k, v in result.items() if k != "recipe"}), flush=True)
    return "mAP" in result


def network_file(cache: Path, key: str, bits: int, fingerprint: str) -> Path:
    """Where a run keeps its network."""
    return cache / "networks" / fingerprint[:16] / f"{key}-{bits}-full.safetensors"


def _prepared(
    images: Images, asked: argparse.Namespace, recipe: Recipe, network: dict[str, object]
) -> tuple[MethodJob, Prepared]:
    job = MethodJob(
        recipe=recipe,
        data=asked.data,
        output=Path(),
        place=Place(asked.cache / "features", device=recipe.device, bfloat16=asked.bfloat16),
        frozen=False,
        **network,
    )
    ready = prepare(job, chosen(images.data, images.division.training))
    file = network_file(asked.cache, recipe.method, recipe.bits, ready.recipe.fingerprint())
    return dataclasses.replace(job, output=file), dataclasses.replace(ready, division=images.division)


def _measured(images: Images, job: MethodJob, ready: Prepared, *, progress: Progress) -> Row:
    """Train, write the network, read it again and measure what was read."""
    spent = job.output.with_suffix(".json")
    if not (job.output.is_file() and spent.is_file()):
        report = train_method(job, ready=ready, on_epoch=_say, progress=progress)
        spent.write_text(json.dumps({"seconds": round(report.seconds, 1), "epochs": len(report.records)}))
    method, about = load_method(job.output)
    network = load_method_network(job.output)
    preprocessing = read_card(job.output).preprocessing
    kept = job.output.parent / "features"
    features = features_of_own(
        images.data,
        network.trunk,
        preprocessing,
        told=ready.recipe.fingerprint(),
        folder=kept,
        progress=progress,
    )
    labels = torch.from_numpy(images.data.labels).float()
    scores = scores_on(method, features, labels, images.division, progress=progress)
    small = scores_on(method, features, labels, small_part(images.division), progress=progress)
    figures = {f"mAP, {images.division.describe()}": round(scores.tie_aware, 4)}
    about |= {"figures": json.dumps(figures), "recipe": ready.recipe.to_json()}
    inside = network.trunk.network.state_dict()
    save_method(job.output, method, dict(ready.recipe.settings), about, trunk=inside)
    shutil.rmtree(kept)
    return {
        "recipe": ready.recipe.fingerprint(),
        **figures_of(scores),
        "tenth": round(tenth(scores), 4),
        "small": round(small.tie_aware, 4),
        **json.loads(spent.read_text()),
        "seed": ready.recipe.seed,
        "bytes": job.output.stat().st_size,
        "training": len(images.division.training),
        "network": network.trunk.name,
        "size": preprocessing.size,
    }


def _say(record: EpochRecord) -> None:
    terms = ", ".join(f"{name} {value:.4g}" for name, value in record.terms)
    print(f"epoch {record.epoch + 1}: {terms}, {record.seconds:.0f} s", flush=True)


def add_options(parser: argparse.ArgumentParser, *, epochs: int, decay: float) -> None:
    """The options that both kinds of runs have."""
    parser.add_argument("--data", required=True, help="CIFAR-10 as a zip of folders or in its authors' files")
    parser.add_argument("--bits", type=int, default=48)
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--decay", type=float, default=decay, help="weight decay of AdamW")
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the images and of the protocol's numbers"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")
    parser.add_argument("--bfloat16", action="store_true", help="let the backbone compute in 16 bits")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of torch")
    parser.add_argument("--out", type=Path, default=MODELS)
    cache = platformdirs.user_cache_path("hashviewer", appauthor=False) / "zoo"
    parser.add_argument("--cache", type=Path, default=cache, help="of networks and unfinished runs")
