"""Which recipe each method gets on the adapted backbone, as `zoo_held_out` has found it.

That backbone has learnt its training images, so their features lie farther apart than those of any other image, and a long
training of a head with a hidden layer fits this. The shorter recipes stop before; which one serves a method is told by
images held out of the training images, never by the queries. On the backbone as it came every method gets what it advises.
"""

import dataclasses
import json
from pathlib import Path

from hashviewer.training.recipe import Recipe

FOUND = Path(__file__).with_name("zoo_recipes.json")
"""{method: {name of the change: mean average precision of held-out training images}}"""

TOO_LARGE = {("dqn", "plain")}  # a linear layer to DQN's 300 dimensions makes a file of more than 0.7 MB
SHARE, SLOWER = 1 / 3, 0.3  # of the advised epochs and of the learning rate
ADVISED, SHORT, PLAIN = CHANGES = ("advised", "short", "plain")


def changed(recipe: Recipe, change: str) -> Recipe:
    """The recipe as advised, short and slower, or short with a linear hash layer."""
    if change == ADVISED:
        return recipe
    short = dataclasses.replace(recipe, epochs=max(round(SHARE * recipe.epochs), 1))
    if change == SHORT:
        return dataclasses.replace(short, learning_rate=SLOWER * recipe.learning_rate)
    return dataclasses.replace(short, head="linear")


def found() -> dict[str, dict[str, float]]:
    """What was measured so far."""
    known: dict[str, dict[str, float]] = (
        json.loads(FOUND.read_text(encoding="utf-8")) if FOUND.is_file() else {}
    )
    return known


def note(method: str, change: str, value: float) -> None:
    """Write one figure down; others may write meanwhile, so the file is read anew."""
    known = found()
    known.setdefault(method, {})[change] = round(value, 4)
    part = FOUND.with_suffix(".part")
    part.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    part.replace(FOUND)


def chosen(recipe: Recipe, column: str) -> Recipe:
    """The recipe for a column."""
    known = found().get(recipe.method, {}) if column == "adapted" else {}
    known = {change: value for change, value in known.items() if (recipe.method, change) not in TOO_LARGE}
    return changed(recipe, max(known, key=known.__getitem__, default=ADVISED))
