"""Finds the recipe of each method for an adapted backbone on held-out training images; the queries are never looked at.

    python -m benchmarks.zoo_held_out --data cifar10-jpeg.zip [--methods dpsh,csq]

A backbone is adapted to four fifths of protocol I's training images, for ten epochs at 128 px. Each method learns on its
features of these by each recipe, and the other fifth, which neither has seen, is ranked for each of its images. The figures
go to `zoo_recipes.json`; what stands there is not measured again.
"""

import argparse
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from benchmarks.zoo import BITS, CACHE
from benchmarks.zoo_features import protocol_one
from benchmarks.zoo_recipes import CHANGES, changed, found, note
from benchmarks.zoo_trunk import pixels_at_sizes
from hashviewer.cli.watching import watched
from hashviewer.datasets import LabelledImages, open_dataset
from hashviewer.errors import HashViewerError
from hashviewer.evaluation.ranking_scores import score_method
from hashviewer.methods import all_methods, find_method
from hashviewer.networks.trunks import LITE0, Trunk, make_trunk
from hashviewer.progress import Progress
from hashviewer.training.adapting import Adaptation, Stage, adapt
from hashviewer.training.examples import CachedExamples
from hashviewer.training.image_examples import mirrored_and_shifted
from hashviewer.training.loop import train
from hashviewer.training.method_data import chosen as part_of
from hashviewer.training.recipe import Recipe, recipe_for

FITTED = 0.8  # share of the training images
SIZE, EPOCHS, VIEWS = 128, 10, 4
_BATCH = 64


def main() -> int:
    """Measure what is missing."""
    asked = _arguments()
    torch.set_num_threads(asked.threads)
    keys = (
        asked.methods.split(",")
        if asked.methods
        else [each.key for each in all_methods() if each.method.labelled]
    )
    with watched() as progress:
        kept = _features(asked.data, asked.cache, progress)
        torch.set_num_threads(1)  # heads are too small to gain by more
        for key in keys:
            for change in CHANGES if find_method(key).method.gradient else CHANGES[:1]:
                if change not in found().get(key, {}):
                    _measure(kept, changed(recipe_for(key, bits=BITS), change), change, progress)
    return 0


def _measure(kept: dict[str, Tensor], recipe: Recipe, change: str, progress: Progress) -> None:
    fitted, held, labels = kept["fitted"], kept["held"], kept["labels"]
    views = torch.cat([kept["plain"][fitted][None], kept["views"]])
    try:
        method = train(recipe, CachedExamples(views, labels[fitted]), progress=progress).method
    except HashViewerError as error:
        print(f"{recipe.method}, {change}: {error}", flush=True)
        return
    with torch.no_grad():
        outputs = method.outputs(kept["plain"][held])
    scores = score_method(method, (outputs, labels[held]), (outputs, labels[held]))
    note(recipe.method, change, scores.tie_aware)
    print(f"{recipe.method}, {change}: {scores.tie_aware:.4f}", flush=True)


def _features(source: str, cache: Path, progress: Progress) -> dict[str, Tensor]:
    """Of the training images: `plain` (T, D), `views` (V, F, D) of those `fitted` (F,), `held` (H,), `labels` (T, C)."""
    path = cache / "held-out.safetensors"
    if not path.is_file():
        data = open_dataset(source)
        assert isinstance(data, LabelledImages), "a backbone is trained on images"
        images = part_of(data, protocol_one(data, 1.0).training)
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
        count = round(FITTED * len(images))
        fitted, held = order[:count].sort().values, order[count:].sort().values
        trunk = _adapted(part_of(images, fitted.numpy()), cache, progress)
        pixels = pixels_at_sizes(images, progress)(SIZE)
        plain = _of(trunk, pixels)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            views = torch.stack([_of(trunk, pixels[fitted], moved=True) for _ in range(VIEWS)])
        labels = torch.from_numpy(images.labels).float()
        save_file({"plain": plain, "views": views, "fitted": fitted, "held": held, "labels": labels}, path)
    return load_file(path)


def _adapted(images: LabelledImages, cache: Path, progress: Progress) -> Trunk:
    cache.mkdir(parents=True, exist_ok=True)
    return adapt(
        make_trunk(LITE0, pretrained=True),
        pixels_at_sizes(images, progress),
        torch.from_numpy(images.labels),
        Adaptation(stages=(Stage(epochs=EPOCHS, size=SIZE),), data=images.fingerprint),
        state=cache / "held-out.run",
        progress=progress,
    )


def _of(trunk: Trunk, pixels: Tensor, *, moved: bool = False) -> Tensor:
    """Features (n, D)."""
    with torch.inference_mode():
        parts = torch.split(pixels, _BATCH)
        return torch.cat([trunk(mirrored_and_shifted(part) if moved else part) for part in parts])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Find the recipes for an adapted backbone on held-out training images."
    )
    parser.add_argument("--data", required=True, help="CIFAR-10 as a zip of folders or in its authors' files")
    parser.add_argument(
        "--methods", default="", help="keys with commas; all that learn from labels if left out"
    )
    parser.add_argument("--cache", type=Path, default=CACHE, help="of the features")
    parser.add_argument(
        "--threads", type=int, default=torch.get_num_threads(), help="of torch, for the backbone"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
