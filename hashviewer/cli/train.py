"""hashviewer train: make a model."""

from pathlib import Path
from typing import TYPE_CHECKING

from hashviewer.cli.asking import JsonOption
from hashviewer.cli.info import model_document
from hashviewer.cli.output import print_json, say
from hashviewer.cli.train_method import train_a_method
from hashviewer.cli.train_options import (
    PHOTOS,
    Asked,
    AttendedOption,
    BackboneOption,
    Bfloat16Option,
    BitsOption,
    DataOption,
    DeviceOption,
    EpochsOption,
    FreezeOption,
    HeadOption,
    HoldoutOption,
    MapsOption,
    MeasureOption,
    MethodArgument,
    MethodChoices,
    MirroredOption,
    OutputOption,
    ProtocolOption,
    ScratchOption,
    SeedOption,
    SetOption,
    SizeOption,
    VariedOption,
)
from hashviewer.cli.watching import watched

if TYPE_CHECKING:
    from hashviewer.training import TrainReport

LEAST_BITS = 8  # of a photo model


def train(
    method: MethodArgument,
    data: DataOption,
    output: OutputOption,
    bits: BitsOption = 64,
    seed: SeedOption = 0,
    holdout: HoldoutOption = None,
    device: DeviceOption = "auto",
    backbone: BackboneOption = "",
    freeze: FreezeOption = None,
    size: SizeOption = None,
    head: HeadOption = "",
    epochs: EpochsOption = None,
    settings: SetOption = None,
    protocol: ProtocolOption = "",
    measure_every: MeasureOption = None,
    mirrored: MirroredOption = False,
    maps: MapsOption = 1,
    scratch: ScratchOption = False,
    bfloat16: Bfloat16Option = False,
    varied: VariedOption = False,
    attended: AttendedOption = False,
    json: JsonOption = False,
) -> None:
    """Train a model, reproducibly, and write it with its card; a method's run that was stopped goes on."""
    check(output)
    asked = Asked(data, output, bits, seed, tuple(holdout or ()), device)
    if method.lower() == PHOTOS:
        _train_photos(asked, json=json)
        return
    choices = MethodChoices(
        backbone, freeze, size, head, epochs, settings or [], protocol, measure_every, mirrored, maps, scratch,
        bfloat16, varied,
    )  # fmt: skip
    train_a_method(method, asked, choices, json=json, attended=attended)


def _train_photos(asked: Asked, *, json: bool) -> None:
    check_photos(Path(asked.data), asked.bits)
    from hashviewer.training.crew import crew_here

    if not crew_here().leads:
        return  # a model for photos is learnt from features by one process
    from hashviewer.training import train_photo_model

    with watched() as progress:
        report = train_photo_model(
            Path(asked.data),
            asked.output,
            bits=asked.bits,
            seed=asked.seed,
            holdout=asked.holdout,
            device=asked.device,
            progress=progress,
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


def check_photos(data: Path, bits: int) -> None:
    """Refuse what cannot become a photo model before hours are spent on it.

    Raises:
        CheckpointError: The text says what is wrong.
    """
    from hashviewer.errors import CheckpointError

    if not data.is_dir():
        raise CheckpointError(f"There is no folder {data}: give the photos to learn from with --data.")
    if bits < LEAST_BITS:
        raise CheckpointError(f"A photo model has at least {LEAST_BITS} bits; {bits} were asked for.")


def check(output: Path) -> None:
    """Refuse a place where no model can be.

    Raises:
        CheckpointError: The text says what is wrong.
    """
    from hashviewer.errors import CheckpointError

    if output.suffix.lower() != ".safetensors":
        raise CheckpointError(f"A model is a .safetensors file: name it {output.name}.safetensors.")
    if not output.parent.is_dir():
        raise CheckpointError(
            f"The folder {output.parent} does not exist: create it or choose another place."
        )
