"""hashviewer train: make a model."""

from pathlib import Path
from typing import Annotated

import typer

from hashviewer.cli.asking import JsonOption
from hashviewer.cli.info import model_document
from hashviewer.cli.output import print_json, say
from hashviewer.cli.watching import watched

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
    device: Annotated[
        str, typer.Option("--device", help="Where the network runs: auto, cpu, cuda, cuda:1, mps.")
    ] = "auto",
    json: JsonOption = False,
) -> None:
    """Train a model, reproducibly, and write it with its card."""
    check(recipe, data, output)
    from hashviewer.networks import read_card
    from hashviewer.training import train_photo_model

    with watched() as progress:
        train_photo_model(data, output, bits=bits, seed=seed, device=device, progress=progress)
    card = read_card(output)
    if json:
        print_json(model_document(card))
    else:
        figures = ", ".join(f"{name} {value:.3f}" for name, value in card.figures)
        say(f"{output}: {card.method}, {card.bits} bits, SHA-256 {card.sha256[:12]}… {figures}".rstrip())


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
