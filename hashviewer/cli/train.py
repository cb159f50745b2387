"""hashviewer train: make a model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hashviewer.cli.asking import JsonOption
from hashviewer.cli.info import model_document
from hashviewer.cli.output import print_json, say
from hashviewer.cli.watching import watched

if TYPE_CHECKING:
    from hashviewer.training import TrainReport

PHOTOS = "photos"
RECIPES = (PHOTOS,)  # what can be trained; each names the function that does it below


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE", help=f"What to train: {', '.join(RECIPES)}, the general photo model."
        ),
    ],
    data: Annotated[Path, typer.Option("--data", metavar="FOLDER", help="The photos to learn from.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="MODEL.safetensors", help="The model file to make.")
    ],
    bits: Annotated[int, typer.Option("--bits", min=8, max=4096, help="Bits of a code.")] = 64,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same model.")] = 0,
    holdout: Annotated[
        list[str] | None,
        typer.Option(
            "--holdout", metavar="CLASS", help="Leave a class out, to measure on it; may be repeated."
        ),
    ] = None,
    device: Annotated[
        str, typer.Option("--device", help="Where the network runs: auto, cpu, cuda, cuda:1, mps.")
    ] = "auto",
    json: JsonOption = False,
) -> None:
    """Train a model, reproducibly, and write it with its card."""
    check(recipe, data, output)
    from hashviewer.training import train_photo_model

    with watched() as progress:
        report = train_photo_model(
            data, output, bits=bits, seed=seed, holdout=holdout or (), device=device, progress=progress
        )
    if json:
        print_json(document(report))
    else:
        _say(report)


def document(report: "TrainReport") -> dict[str, object]:
    """The model's card and what it was learned from, as JSON."""
    return {
        **model_document(report.card),
        "photos": report.photos,
        "classes": report.classes,
        "unreadable": report.unreadable,
        "seconds": report.seconds,
    }


def _say(report: "TrainReport") -> None:
    card = report.card
    say(f"{card.path}: {card.method}, {card.bits} bits, SHA-256 {card.sha256}")
    left_out = f", {report.unreadable:,} unreadable" if report.unreadable else ""
    say(
        f"learned from {report.photos:,} photos of {report.classes} classes{left_out} in {report.seconds:.0f} s"
    )
    for name, value in card.figures:
        say(f"{value:>10.4f}  {name}")


def check(recipe: str, data: Path, output: Path) -> None:
    """Refuse what cannot work before hours are spent on it.

    Raises:
        CheckpointError: The text says what is wrong.
    """
    from hashviewer.errors import CheckpointError

    if recipe not in RECIPES:
        raise CheckpointError(f"There is no recipe “{recipe}” to train; there is: {', '.join(RECIPES)}.")
    if not data.is_dir():
        raise CheckpointError(f"There is no folder {data}: give the photos to learn from with --data.")
    if output.suffix.lower() != ".safetensors":
        raise CheckpointError(f"A model is a .safetensors file: name it {output.name}.safetensors.")
    if not output.parent.is_dir():
        raise CheckpointError(
            f"The folder {output.parent} does not exist: create it or choose another place."
        )
