"""Trains the papers' small nets from random weights on CIFAR-10, by protocol I: that end to end works without ImageNet, too.

    python -m benchmarks.zoo_scratch --data cifar10-jpeg.zip [--methods dsh,dpsh] [--epochs 100]

The figures stand in `zoo.json` as the run "scratch" of each row, and in a table of their own in `README.md`. A run that was
stopped goes on where it was. Networks stay in the cache folder.
"""

import argparse
import sys

import torch

from benchmarks.zoo_networks import add_options, open_images, recipe_of, run
from benchmarks.zoo_table import SCRATCH
from hashviewer.cli.watching import watched
from hashviewer.methods import find_method
from hashviewer.progress import Cancelled

NETS = {
    "dsh": "dsh-small",  # its paper's own
    "dpsh": "cifar-full",
    "hashnet": "cifar-full",
    "csq": "cifar-full",
    "greedyhash": "cifar-full",  # one of its paper's
}
SIZE = 32  # px, as CIFAR-10 has them


def main() -> int:
    """Run what was asked for; the exit status is 1 where a method failed."""
    asked = _arguments()
    torch.set_num_threads(asked.threads)
    keys = [find_method(key).key for key in asked.methods.split(",")]
    with watched() as progress:
        images = open_images(asked)
        done = [
            run(
                images,
                asked,
                recipe_of(key, asked, trunk_rate=asked.rate),
                SCRATCH,
                progress=progress,
                backbone=NETS.get(key, "cifar-full"),
                size=SIZE,
                varied=True,
                scratch=True,
            )
            for key in keys
        ]
    return 0 if all(done) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train small nets from random weights.")
    add_options(parser, epochs=100, decay=0.05)
    parser.add_argument("--methods", default=",".join(NETS), help="keys with commas")
    parser.add_argument("--rate", type=float, default=1e-3, help="learning rate of the net")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Cancelled:
        sys.exit(130)
