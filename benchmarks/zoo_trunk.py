"""Adapts the zoo's backbone to its training images, once; `python -m benchmarks.zoo_trunk --data cifar10-jpeg.zip`.

All weights are trained by cross-entropy on protocol I's training images alone. A run that was stopped goes on where it was.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.zoo_features import part_of, protocol_one
from hashviewer.cli.watching import watched
from hashviewer.datasets import LabelledImages, open_dataset
from hashviewer.images import Preprocessing
from hashviewer.networks.trunk_file import save_trunk
from hashviewer.networks.trunks import LITE0, make_trunk
from hashviewer.progress import Progress
from hashviewer.training.adapting import Adaptation, AdaptedEpoch, PixelsAt, Stage, adapt
from hashviewer.training.method_data import chosen, pixels_of


def main() -> int:
    """Train the backbone and write it."""
    asked = _arguments()
    torch.set_num_threads(asked.threads)
    data = part_of(open_dataset(asked.data), asked.share)
    assert isinstance(data, LabelledImages), "a backbone is trained on images"
    training = chosen(data, protocol_one(data, asked.share).training)
    assert isinstance(training, LabelledImages)
    stages = tuple(Stage(epochs=e, size=s) for e, s in zip(asked.epochs, asked.sizes, strict=True))
    told = f"{training.fingerprint} {LITE0}"
    adaptation = Adaptation(stages=stages, data=hashlib.sha256(told.encode()).hexdigest())
    state = asked.output.with_suffix(".run")
    with watched() as progress:
        trunk = adapt(
            make_trunk(LITE0, pretrained=True),
            pixels_at_sizes(training, progress),
            torch.from_numpy(training.labels),
            adaptation,
            state=state,
            on_epoch=_say,
            progress=progress,
        )
    said = f"{len(training):,} images of {training.labels.shape[1]} classes of {data.name}, by cross-entropy"
    save_trunk(
        asked.output,
        trunk,
        preprocessing=Preprocessing(size=asked.sizes[-1], crop_fraction=1.0),
        training=said,
    )
    state.unlink(missing_ok=True)
    return 0


def pixels_at_sizes(images: LabelledImages, progress: Progress) -> PixelsAt:
    """Pixels of one size at a time, kept until another size is asked for."""
    kept: dict[int, Tensor] = {}

    def pixels_at(size: int) -> Tensor:
        if size not in kept:
            kept.clear()
            kept[size] = pixels_of(images, Preprocessing(size=size, crop_fraction=1.0), progress=progress)
        return kept[size]

    return pixels_at


def _say(record: AdaptedEpoch) -> None:
    print(f"epoch {record.epoch + 1}: loss {record.loss:.3f}, {record.seconds:.0f} s", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Adapt EfficientNet-Lite0 to the zoo's training images.")
    parser.add_argument("--data", required=True, help="CIFAR-10 as a zip of folders or in its authors' files")
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the images and of the protocol's numbers"
    )
    parser.add_argument("--epochs", type=int, nargs="+", default=[12, 10], help="of each stage")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[128, 160], help="px of the images of each stage"
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of torch")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the backbone's file to write")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
