"""hashviewer plan: which way to search is best for a library."""

from typing import TYPE_CHECKING, Annotated

import typer

from hashviewer.cli.asking import CodesOption, JsonOption, LibraryArgument, codes_of, opened
from hashviewer.cli.output import print_json, say, say_table
from hashviewer.cli.watching import watched

if TYPE_CHECKING:
    from hashviewer.planner import Figures, Option, Plan
    from hashviewer.search import SearchHow


def plan(
    library: LibraryArgument,
    recall: Annotated[
        float, typer.Option("--recall", help="Which share of the exact answer must be found, up to 1.")
    ] = 0.99,
    k: Annotated[
        int | None,
        typer.Option(
            "-k",
            min=1,
            help="The exact answer is so many nearest photos; 100 unless --radius is given.",
            show_default=False,
        ),
    ] = None,
    radius: Annotated[
        int | None,
        typer.Option("--radius", "-r", min=0, help="The exact answer is all photos within so many bits."),
    ] = None,
    codes: CodesOption = "",
    json: JsonOption = False,
) -> None:
    """Try every way to search a library on this machine, and say which to use and why.

    Takes up to about a minute. The library remembers the plan for “hashviewer query --mode planned” and for the window;
    searches stay exact unless they are told otherwise.
    """
    from hashviewer.errors import LibraryError

    with opened(library) as workspace, watched() as progress:
        key = codes_of(workspace, codes)
        made = workspace.plan(key, recall=recall, k=k, radius=radius, progress=progress)
        remembered, failure = False, None
        try:
            remembered = workspace.remember_plan(key, made)
        except LibraryError as error:  # what took a minute to measure is said all the same
            failure = error
        if json:
            print_json({"codes": key, **document(made), "remembered": remembered})
        else:
            _say(made)
        if failure is not None:
            raise LibraryError(f"The plan is not remembered: {failure}") from failure
        if not remembered and not json:
            say("The library is read-only: the plan is not remembered.")


def document(made: "Plan") -> dict[str, object]:
    """The plan as JSON; times in seconds, memory in bytes."""
    return {
        "bits": made.bits,
        "goal": {"recall": made.goal.recall, "k": made.goal.k, "radius": made.goal.radius},
        "total": made.total,
        "measured": made.rows,
        "queries": made.queries,
        "chosen": made.chosen,
        "sentence": made.sentence,
        "options": [_option(option) for option in made.options],
    }


def _option(option: "Option") -> dict[str, object]:
    return {
        "name": option.name,
        "family": option.family,
        "how": None if option.how is None else _how(option.how),
        "predicted": _figures(option.predicted),
        "measured": _figures(option.measured),
        "expected": _figures(option.expected),
        "memory": option.memory,
        "build": option.build,
    }


def _how(how: "SearchHow") -> dict[str, object]:
    """The options of “hashviewer query” for it."""
    return {
        "mode": how.mode,
        "tables": how.tables if how.mode == "multi" else None,
        "probe": how.reach if how.mode == "lookup" else how.probe,
        "order": how.order if how.mode == "lookup" else None,
        "distance": how.distance,
    }


def _figures(figures: "Figures") -> dict[str, float]:
    return {
        "probes": figures.probes,
        "candidates": figures.candidates,
        "recall": figures.recall,
        "seconds": figures.seconds,
    }


def _say(made: "Plan") -> None:
    say_table(
        ("way to search", "recall", "ms", "probes", "compared", "MB", "s to build", ""),
        [
            (
                option.name,
                f"{option.expected.recall:.4f}",
                f"{1000 * option.expected.seconds:.3f}",
                f"{option.expected.probes:,.0f}",
                f"{option.expected.candidates:,.0f}",
                f"{option.memory / 1e6:.1f}",
                f"{option.build:.2f}",
                "←" if place == made.chosen else "",
            )
            for place, option in enumerate(made.options)
        ],
    )
    say("")
    say(made.sentence)
