"""What `hashviewer train METHOD` does with its options, and what it prints."""

from collections.abc import Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from hashviewer.cli.info import model_document
from hashviewer.cli.output import print_json, say
from hashviewer.cli.train_attended import ToldSteps, stopped_with_input
from hashviewer.cli.train_options import Asked, MethodChoices
from hashviewer.cli.watching import watched
from hashviewer.errors import CheckpointError, HashViewerError, MethodError, TrainingError

if TYPE_CHECKING:
    from hashviewer.training.loop import EpochRecord
    from hashviewer.training.method_model import MethodJob, MethodReport
    from hashviewer.training.recipe import Recipe

DEFAULT_HOLDOUT = 0.1  # share of the items that the figures of a run are measured on


def train_a_method(
    method: str, asked: Asked, choices: MethodChoices, *, json: bool, attended: bool = False
) -> None:
    """Train a method and print each epoch, then the model's card; one that is attended tells steps and ends with its input."""
    from hashviewer.methods import find_method
    from hashviewer.training.method_model import train_method

    try:
        find_method(method)
    except MethodError as error:
        raise MethodError(f"{error} “photos” trains the general photo model.") from None
    job = job_of(method, asked, choices)
    if not job.place.crew.leads:
        _follow(job)
        return
    epochs = job.recipe.epochs
    with watched() as bar, stopped_with_input(bar) if attended else nullcontext():
        if json and attended:
            print_json(earlier_document(job))
        report = train_method(
            job,
            on_epoch=(lambda record: print_json(epoch_document(record, epochs))) if json else None,
            progress=ToldSteps(bar) if json and attended else bar,
        )
    if json:
        print_json(report_document(report))
    else:
        _say(report)


def _follow(job: "MethodJob") -> None:
    """Train along with the process that leads, and leave it to that to say what happened."""
    from hashviewer.training.method_model import train_method

    try:
        train_method(job)
    except HashViewerError:
        raise SystemExit(1) from None


def job_of(method: str, asked: Asked, choices: MethodChoices) -> "MethodJob":
    """What the options ask for.

    Raises:
        HashViewerError: An option is of no use; the text says what would be.
    """
    import dataclasses

    from hashviewer.training.choices import choose, split_settings
    from hashviewer.training.crew import crew_here, device_in_crew
    from hashviewer.training.method_data import Place
    from hashviewer.training.method_model import MethodJob
    from hashviewer.training.recipe import recipe_for

    crew = crew_here()
    device = device_in_crew(device_of(asked.device), crew)
    place = Place(features_folder(), device=device, bfloat16=choices.bfloat16, crew=crew)
    recipe = dataclasses.replace(
        recipe_for(method, bits=asked.bits),
        seed=asked.seed,
        device=place.device,
        holdout=_share(asked.holdout),
    )
    recipe = _with_options(choose(recipe, split_settings(choices.settings)), choices)
    return MethodJob(
        recipe=recipe,
        data=asked.data,
        output=asked.output,
        place=place,
        backbone=choices.backbone,
        frozen=choices.freeze,
        size=choices.size,
        mirrored=choices.mirrored,
        varied=choices.varied,
        maps=choices.maps,
        scratch=choices.scratch,
        protocol=_protocol(choices.protocol),  # type: ignore[arg-type]
    )


def _with_options(recipe: "Recipe", choices: MethodChoices) -> "Recipe":
    import dataclasses

    if choices.head not in ("", "linear", "mlp"):
        raise TrainingError(f"The hash layer is “linear” or “mlp”, not “{choices.head}”.")
    return dataclasses.replace(
        recipe,
        epochs=choices.epochs or recipe.epochs,
        head=choices.head or recipe.head,  # type: ignore[arg-type]
        measure_every=choices.measure_every or recipe.measure_every,
    )


def _share(holdout: Sequence[str]) -> float:
    if not holdout:
        return DEFAULT_HOLDOUT
    try:
        return float(holdout[-1])
    except ValueError:
        raise TrainingError(
            f"For a method --holdout is the share of the items to measure on, such as 0.1, not “{holdout[-1]}”."
        ) from None


def _protocol(name: str) -> str | None:
    from hashviewer.evaluation.protocols import ProtocolName

    known = get_args(ProtocolName)
    if name and name not in known:
        raise TrainingError(f"There is no protocol “{name}”; there are {', '.join(known)}.")
    return name or None


def device_of(name: str) -> str:
    """The torch device of a name; "auto" takes a GPU where there is one.

    Raises:
        HashViewerError: It is not here.
    """
    from hashviewer.encoding.torch_engine import best_device, check_device

    if name == "auto":
        return best_device()
    try:
        check_device(name)
    except (RuntimeError, KeyError) as error:
        raise CheckpointError(
            f"The device “{name}” is unknown; there are auto, cpu, cuda, cuda:0 … and mps."
        ) from error
    return name


def features_folder() -> Path:
    """Where the features of frozen backbones are kept."""
    import platformdirs

    return platformdirs.user_cache_path("hashviewer", appauthor=False) / "features"


def epoch_document(record: "EpochRecord", epochs: int) -> dict[str, object]:
    """One epoch as JSON; `mAP` is null where it was not measured."""
    terms = dict(record.terms)
    return {
        "event": "epoch",
        "epoch": record.epoch + 1,
        "epochs": epochs,
        "terms": terms,
        "loss": sum(terms.values()),
        "learning_rate": record.learning_rate,
        "seconds": record.seconds,
        "mAP": record.held_out,
    }


def earlier_document(job: "MethodJob") -> dict[str, object]:
    """The epochs of the unfinished run that is gone on with, as JSON; none where a run begins."""
    from hashviewer.training.loop import EpochRecord
    from hashviewer.training.resume import saved_records

    records: Sequence[dict[str, Any]] = ()
    with suppress(TrainingError):  # the training itself refuses what cannot be read
        _, records = saved_records(job.state)
    epochs = job.recipe.epochs
    earlier = [epoch_document(EpochRecord(**one), epochs) for one in records]
    return {"event": "begins", "epochs": epochs, "earlier": earlier}


def report_document(report: "MethodReport") -> dict[str, object]:
    """The outcome as JSON: the model's card and what it was trained on."""
    return {
        "event": "done",
        **model_document(report.card),
        "images": report.images,
        "classes": report.classes,
        "epochs": len(report.records),
        "seconds": report.seconds,
    }


def _say(report: "MethodReport") -> None:
    card = report.card
    say(f"{card.path}: {card.method}, {card.bits} bits, SHA-256 {card.sha256}")
    say(f"trained on {card.training} in {report.seconds:.0f} s, {len(report.records)} epochs")
    for name, value in card.figures:
        say(f"{value:>10.4f}  {name}")
    last = report.records[-1]
    for name, term in last.terms:
        say(f"{term:>10.4g}  {name} at the end")
