"""Which radius suits an answer: what a new query starts with, and what the radius view names and offers."""

from dataclasses import dataclass

import numpy as np

from hashviewer.search import Matches
from hashviewer.statistics import Gap, largest_gap
from hashviewer.workspace import Query

CLEAR_GAP = 3  # bits from the last photo within to the first beyond that make a gap stand out
NEAR = 3  # at a third of the bits and beyond lie unrelated photos, too: no radius is suggested there
WITHOUT_GAP = 10  # photos that the suggested radius takes in when no gap stands out


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A radius for an answer.

    Attributes:
        radius: In bits.
        within: Photos at this distance or nearer.
        gap: The gap in the distances that begins there; None where none stands out.
    """

    radius: int
    within: int
    gap: Gap | None


def suggestion(matches: Matches, query: Query) -> Suggestion:
    """Where the distances leave the largest gap, if it stands out; else the distance of the tenth nearest photo."""
    itself = query.row is not None or matches.histogram[0] > 0  # the picture or its copy: no neighbour yet
    gap = largest_gap(matches.histogram, minimum=2 if itself else 1, up_to=matches.bits // NEAR)
    if gap is not None and (gap.next_distance is None or gap.next_distance - gap.radius >= CLEAR_GAP):
        return Suggestion(gap.radius, gap.within, gap)
    within = np.cumsum(matches.histogram)
    tenth = int(np.searchsorted(within, min(WITHOUT_GAP, within[-1])))
    radius = min(tenth, matches.bits // NEAR)
    everything = 0 < within[radius] == within[-1]
    gap = Gap(radius, int(within[radius]), next_distance=None) if everything else None
    return Suggestion(radius, int(within[radius]), gap)
