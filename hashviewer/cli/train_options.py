"""The options of `hashviewer train`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

PHOTOS = "photos"

MethodArgument = Annotated[
    str,
    typer.Argument(
        metavar="METHOD",
        help=f"A hashing method (hashviewer methods lists them), or “{PHOTOS}”, the general photo model.",
    ),
]
DataOption = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="SPEC",
        help="What to learn from: a folder or zip of labelled subfolders, CIFAR-10, a list file, arrays.",
    ),
]
OutputOption = Annotated[
    Path, typer.Option("--output", "-o", metavar="MODEL.safetensors", help="The model file to make.")
]
BitsOption = Annotated[int, typer.Option("--bits", min=1, max=4096, help="Bits of a code.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same model.")]
HoldoutOption = Annotated[
    list[str] | None,
    typer.Option(
        "--holdout",
        metavar="CLASS|SHARE",
        help="photos: a class to leave out, may be repeated. Methods: share of the items to measure on, 0 to 1.",
    ),
]
DeviceOption = Annotated[
    str, typer.Option("--device", help="Where the network runs: auto, cpu, cuda, cuda:1, mps.")
]
BackboneOption = Annotated[
    str,
    typer.Option(
        "--backbone", metavar="NAME", help="efficientnet-lite0 if left out, resnet18, timm:NAME, FILE, …"
    ),
]
FreezeOption = Annotated[
    bool | None,
    typer.Option("--freeze/--finetune", help="Keep the backbone as it is, or train it along."),
]
SizeOption = Annotated[
    int | None, typer.Option("--size", min=8, max=1024, help="Edge of the backbone's input in px.")
]
HeadOption = Annotated[str, typer.Option("--head", metavar="linear|mlp", help="The hash layer's kind.")]
EpochsOption = Annotated[int | None, typer.Option("--epochs", min=1, help="Passes over the items.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A constant of the method, an added block or a setting of the training; may be repeated.",
    ),
]
ProtocolOption = Annotated[
    str, typer.Option("--protocol", help="Train on its training images only: I, I', I-all, II, III.")
]
MeasureOption = Annotated[
    int | None, typer.Option("--measure-every", min=1, help="Epochs between two measurements.")
]
AttendedOption = Annotated[
    bool,
    typer.Option(
        "--attended",
        help="For a program that watches the run: it stops when standard input ends, and --json tells steps, too.",
    ),
]
Bfloat16Option = Annotated[
    bool,
    typer.Option(
        "--bfloat16", help="Let the backbone compute in 16 bits, where the processor does that by itself."
    ),
]
MapsOption = Annotated[
    int,
    typer.Option(
        "--maps",
        metavar="1|4|9|16",
        min=1,
        help="Places of the backbone's last map that an attention method (doh, dagh-attention) sees.",
    ),
]
ScratchOption = Annotated[
    bool, typer.Option("--scratch", help="Begin with a backbone of random weights, and train it along.")
]
MirroredOption = Annotated[
    bool, typer.Option("--mirrored", help="Show a frozen backbone every image mirrored, too.")
]
VariedOption = Annotated[
    bool,
    typer.Option(
        "--varied",
        help="Show a backbone that is trained along its images cut out and in other light, too, not only moved.",
    ),
]


@dataclass(frozen=True, slots=True)
class Asked:
    """The options that concern every training."""

    data: str
    output: Path
    bits: int
    seed: int
    holdout: tuple[str, ...]
    device: str


@dataclass(frozen=True, slots=True)
class MethodChoices:
    """The options that concern methods alone, as given."""

    backbone: str
    freeze: bool | None
    size: int | None
    head: str
    epochs: int | None
    settings: Sequence[str]
    protocol: str
    measure_every: int | None
    mirrored: bool
    maps: int = 1
    scratch: bool = False
    bfloat16: bool = False
    varied: bool = False
