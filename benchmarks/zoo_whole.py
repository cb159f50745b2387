"""Trains whole backbones by the methods' own losses on CIFAR-10, by protocol I: the zoo's column “end to end”.

    python -m benchmarks.zoo_whole --data cifar10-jpeg.zip [--methods dpsh,csq|--best 10] [--backbone FILE]

EfficientNet-Lite0 begins with its ImageNet weights, or with those of a file; the method's head is trained alone first. An
adapted backbone has seen varied views of the training images; now it sees them mirrored and moved, at a low rate. On
held-out training images varied views and a rate of 1e-4 lost more of what it had learnt: DFH .815 with its head alone,
.813 after an epoch at 3e-5, .810 with varied views, .800 after two epochs at 1e-4; HashNet .838, .831 after two at 3e-5.
Each method has a process of its own, which saves its run after each epoch and goes on with it. Networks stay in the cache
folder; the best three are copied beside the heads. Nothing is tuned on the queries.
"""

import argparse
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import torch

from benchmarks.zoo_networks import add_options, network_file, open_images, recipe_of, run
from benchmarks.zoo_table import SIZE, WHOLE, Row, best_methods, read_rows
from hashviewer.cli.watching import watched
from hashviewer.methods import find_method
from hashviewer.networks.trunks import LITE0
from hashviewer.progress import Cancelled

SHIPPED = 3  # networks, of about 7 MB each


def main() -> int:
    """Run what was asked for; the exit status is 1 where a method failed."""
    asked = _arguments()
    wanted = _wanted(asked)
    with watched() as progress:
        if len(wanted) > 1:
            return _each_in_a_process(wanted)
        torch.set_num_threads(asked.threads)
        images = open_images(asked)
        done = [
            run(
                images,
                asked,
                recipe_of(
                    key, asked, trunk_rate=asked.rate, head_first=True, column=_heads_of(asked.backbone)
                ),
                WHOLE,
                ship=partial(ship_best, asked.out, asked.cache, asked.bits),
                progress=progress,
                backbone=asked.backbone,
                size=asked.size,
                varied=_heads_of(asked.backbone) == "frozen",
            )
            for key in wanted
        ]
    return 0 if all(done) else 1


def _heads_of(backbone: str) -> str:
    """The column whose recipes serve the heads on a backbone: one in a file is adapted already."""
    return "adapted" if Path(backbone).is_file() else "frozen"


def _wanted(asked: argparse.Namespace) -> list[str]:
    """Keys of the methods; one that is fitted at once has no loss that a backbone could follow."""
    if asked.methods:
        keys = [find_method(key).key for key in asked.methods.split(",")]
    else:
        keys = best_methods(read_rows(asked.out), asked.best, bits=asked.bits)
    return [key for key in keys if find_method(key).method.gradient]


def _each_in_a_process(keys: list[str]) -> int:
    """The same command for each method; memory goes back to the system in between, and one that fails fails alone."""
    failed = False
    for key in keys:
        command = [sys.executable, "-m", "benchmarks.zoo_whole", *sys.argv[1:], "--methods", key]
        status = subprocess.run(command, check=False).returncode
        if status in (130, -2):  # stopped by Ctrl-C, as this one is
            return status
        failed |= status != 0
    return 1 if failed else 0


def ship_best(out: Path, cache: Path, bits: int, rows: list[Row]) -> list[str]:
    """Let the best three networks of one length, and no others, lie beside the heads; keys of those that are lost."""
    best = best_methods(rows, SHIPPED, bits=bits, column=WHOLE)
    for row in rows:
        if row["bits"] != bits:
            continue
        wanted = row["method"] in best
        file = network_file(cache, row["method"], bits, row["runs"].get(WHOLE, {}).get("recipe", ""))
        if wanted and file.is_file():
            out.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, out / file.name)
        elif not wanted:
            (out / file.name).unlink(missing_ok=True)
        row["full"] = file.name if wanted and (out / file.name).is_file() else None
    return [
        row["method"] for row in rows if row["bits"] == bits and row["method"] in best and not row["full"]
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train whole networks by the methods' own losses.")
    add_options(parser, epochs=2, decay=0.05)
    parser.add_argument("--methods", default="", help="keys with commas; the best of zoo.json if left out")
    parser.add_argument("--best", type=int, default=10, help="how many of them")
    parser.add_argument("--rate", type=float, default=3e-5, help="learning rate of the backbone")
    parser.add_argument("--size", type=int, default=SIZE, help="px of the backbone's input")
    parser.add_argument("--backbone", default=LITE0, help="a name, or a backbone's file")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Cancelled:
        sys.exit(130)
