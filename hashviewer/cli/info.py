"""hashviewer info: what a library or a model is."""

import json as jsons
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hashviewer.cli.asking import JsonOption, opened
from hashviewer.cli.output import print_json, say, say_table

if TYPE_CHECKING:
    from hashviewer.networks import Card
    from hashviewer.workspace import Workspace


def info(
    what: Annotated[
        Path,
        typer.Argument(
            metavar="LIB|CHECKPOINT", help="A library, a packed .h5 file, a model file or a model's name."
        ),
    ],
    problems: Annotated[
        bool, typer.Option("--problems", help="List the files that could not be read.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show what a library holds, or the card of a model."""
    from hashviewer.workspace import is_checkpoint

    if is_checkpoint(what):
        _model(what, json=json)
    elif not what.exists() and what.name == str(what):
        _model_called(what.name, json=json)
    else:
        with opened(what) as workspace:
            if json:
                print_json(library_document(workspace, problems=problems))
            else:
                _say_library(workspace, problems=problems)


def library_document(workspace: "Workspace", *, problems: bool) -> dict[str, object]:
    """A library as JSON. `photos` counts the missing ones too; `problem_list` is there when it was asked for."""
    library = workspace.library
    found = library.problems()
    listed = [{"path": problem.path, "reason": problem.reason, "size": problem.size} for problem in found]
    return {
        "photos": int(library.alive.sum()),
        "problems": len(found),
        "missing": int((library.missing & library.alive).sum()),
        "code_sets": [
            {
                "model": info.model,
                "method": info.method,
                "bits": info.bits,
                "encoded": encoded(workspace, info.key),
                "key": info.key,
                "feature_dim": info.feature_dim,
                "model_sha256": info.model_sha256,
                "engine": info.engine,
                "precision": info.precision,
                "query": info.query,
            }
            for info in workspace.code_sets
        ],
        "path": workspace.place,
        "root": (library.url or None) if library.root is None else str(library.root),
        "packed": library.packed,
        "rows": len(library),
        "labels": list(library.label_names),
        "damage": list(library.damage),
        **({"problem_list": listed} if problems else {}),
    }


def encoded(workspace: "Workspace", codes: str) -> int:
    """How many photos have a code; rows that newer ones have superseded do not count."""
    return int(workspace.searchable(codes).sum())


def model_document(card: "Card") -> dict[str, object]:
    """A model's card as JSON."""
    return {
        "name": card.name,
        "path": str(card.path),
        "method": card.method,
        "bits": card.bits,
        "sha256": card.sha256,
        "backbone": card.backbone,
        "backbone_sha256": card.backbone_sha256,
        "feature_dim": card.feature_dim,
        "preprocessing": jsons.loads(card.preprocessing.to_json()),
        "training": card.training,
        "figures": dict(card.figures),
        "license": card.license,
        "created": card.created,
        "query": card.query,
        "bit_weights": list(card.bit_weights),
    }


def _say_library(workspace: "Workspace", *, problems: bool) -> None:
    library = workspace.library
    found = library.problems()
    missing = int((library.missing & library.alive).sum())
    say(
        f"{workspace.name}: {int(library.alive.sum()):,} photos, {missing:,} missing, {len(found):,} problems"
    )
    say(f"library  {workspace.place}")
    say(f"photos   {library.root or library.url or 'not known'}")
    for sentence in library.damage:
        say(sentence)
    if workspace.code_sets:
        say_table(
            ("code set", "method", "bits", "encoded", "model SHA-256"),
            [
                (each.key, each.method, each.bits, encoded(workspace, each.key), each.model_sha256[:12])
                for each in workspace.code_sets
            ],
        )
    else:
        say("No codes yet.")
    if problems and not found:
        say("No problems.")
    elif problems:
        say_table(("file", "reason"), [(problem.path, problem.reason) for problem in found])
    elif found:
        say("--problems lists the files that could not be read.")


def _model_called(name: str, *, json: bool) -> None:
    from hashviewer.errors import CheckpointError, LibraryError
    from hashviewer.networks import find_model

    try:
        path = find_model(name)
    except CheckpointError as error:
        raise LibraryError(f"There is neither a library nor a model “{name}”. {error}") from error
    _model(path, json=json)


def _model(path: Path, *, json: bool) -> None:
    from hashviewer.networks import read_card

    document = model_document(read_card(path))
    if json:
        print_json(document)
        return
    for name, value in document.items():
        if isinstance(value, dict):
            value = ", ".join(f"{inner} {number}" for inner, number in value.items())
        say(f"{name.replace('_', ' '):<16} {value}")
