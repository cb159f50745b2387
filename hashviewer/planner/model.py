"""What a way to search will cost and find, from a survey of the collection alone."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hashviewer.planner.survey import Step, Survey
from hashviewer.search import SearchHow
from hashviewer.search.lookup import MOST_PROBES, MOST_UNCERTAIN
from hashviewer.search.multi_index import Group, groups_of, probe_count, radii_of
from hashviewer.search.probes import margin_of_last, within

CONFIDENT = 700_000  # buckets that are put in order, over all queries: each takes a microsecond or two
ROUNDING = 1 + 1e-5  # sums of margins are of 32-bit numbers


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What the queries of a survey, or some of them, are expected to cost and find, each (Q,).

    Attributes:
        steps: Times that tables are looked into, each time farther.
        probes: Buckets looked into.
        candidates: Codes compared that these held; one that lies in several counts as often.
        compared: Codes compared one after another.
        kept: Rows put in order: those of the answer, and those that were among the nearest only for a while.
        recall: Share of the exact answer found.
    """

    steps: NDArray[np.float64]
    probes: NDArray[np.float64]
    candidates: NDArray[np.float64]
    compared: NDArray[np.float64]
    kept: NDArray[np.float64]
    recall: NDArray[np.float64]


def flat(survey: Survey, count: int) -> Expected:
    """All codes compared."""
    nothing = np.zeros(len(survey.queries))
    return foreseen(
        survey,
        count,
        steps=nothing,
        probes=nothing,
        candidates=nothing,
        compared=nothing + count,
        recall=nothing + 1,
    )


def one_table(survey: Survey, radius: int, count: int, buckets: int) -> Expected:
    """One table of so many `buckets` probed within a radius."""
    found = survey.within(count)
    nothing = np.zeros(len(survey.queries))
    probes = within(survey.bits, radius)
    all_compared = probes > min(max(buckets, 1), MOST_PROBES)
    return foreseen(
        survey,
        count,
        steps=nothing + (0 if all_compared else radius + 1),
        probes=nothing + (buckets if all_compared else probes),
        candidates=found[:, radius],
        compared=nothing + (buckets if all_compared else 0),
        recall=_recall(survey, count, found[:, radius]),
    )


def by_confidence(survey: Survey, probes: int, count: int, buckets: int, step: Step) -> Expected:
    """One table of so many `buckets` of which a number is looked into, the likeliest first."""
    if probes > max(MOST_UNCERTAIN, buckets):
        nothing = np.zeros(len(survey.queries))
        return foreseen(
            survey,
            count,
            steps=nothing,
            probes=nothing + buckets,
            candidates=nothing + count,
            compared=nothing + buckets,
            recall=nothing + 1,
        )
    assert survey.outputs is not None
    every = max(1, len(survey.queries) * probes // CONFIDENT)
    places = np.arange(0, len(survey.queries), every)
    found, recall, limits = [], [], survey.limits(count)
    for place in places.tolist():
        step()
        margins = np.abs(survey.outputs[place])
        reach = margin_of_last(margins, min(probes, 1 << min(survey.bits, 62))) * ROUNDING
        sampled, near = survey.margin_distances(place)
        found.append(int(np.count_nonzero(sampled <= reach)))
        recall.append(found_share(survey, place, near <= reach, limits, count))
    nothing = np.zeros(len(places))
    return foreseen(
        survey,
        count,
        places,
        steps=nothing + 1,
        probes=nothing + probes,
        candidates=survey.scaled(np.array(found), count, places),
        compared=nothing,
        recall=np.array(recall),
    )


def several_tables(survey: Survey, how: SearchHow, count: int, step: Step) -> Expected:
    """Several tables probed as far as the goal needs, or as far as `how` says if that is nearer."""
    groups = groups_of(survey.bits, how.tables, count)
    last = survey.bits if survey.goal.radius is None else survey.goal.radius
    last = min(last, survey.bits if how.probe is None else how.probe)
    reached, gave_up = _reaches(survey, groups, last, count)
    last_made = reached - 1 if survey.goal.k is not None else -1  # for a radius there is one step, or none
    looked = np.where(gave_up, last_made, reached)
    farthest = radii_of(len(groups), int(looked.max()))
    around = []
    for group, far in zip(groups, farthest, strict=True):
        step()
        around.append(survey.around(group, max(far, 0), count))
    every = np.arange(len(reached))
    probes = np.array([probe_count(groups, reach) for reach in range(-1, last + 1)], dtype=np.float64)
    candidates = np.array([_in_groups(around, reach) for reach in range(-1, int(looked.max()) + 1)])
    found = survey.within(count)[every, reached]
    expected = foreseen(
        survey,
        count,
        steps=np.asarray(looked + 1 if survey.goal.k is not None else looked >= 0, dtype=np.float64),
        probes=probes[looked + 1],
        candidates=candidates[looked + 1, every],
        compared=np.where(gave_up, float(count), 0.0),
        recall=np.where(gave_up, 1.0, _recall(survey, count, found)),
    )
    if survey.goal.k is None or how.probe is not None:
        return expected
    return replace(expected, kept=np.where(gave_up, expected.kept, expected.candidates))


def _reaches(
    survey: Survey, groups: tuple[Group, ...], last: int, count: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(Q,) how far each query must look for its neighbours, and whether all codes are compared instead."""
    needed = np.full(len(survey.queries), last)
    if survey.goal.k is not None:
        needed = np.minimum(survey.limits(count), last)
    affordable = max(
        (reach for reach in range(-1, last + 1) if probe_count(groups, reach) <= count), default=-1
    )
    return np.minimum(needed, affordable + 1), needed > affordable


def expected(survey: Survey, how: SearchHow, count: int, buckets: int, step: Step) -> Expected:
    """What a search by `how` will cost and find among `count` codes like those of the survey.

    Args:
        survey: Of the collection.
        how: By the Hamming distance.
        count: Codes in the collection.
        buckets: Different codes among them.
        step: Called now and then; may cancel.
    """
    if how.mode == "rank":
        return flat(survey, count)
    if how.mode == "multi":
        return several_tables(survey, how, count, step)
    if how.order == "confidence":
        return by_confidence(survey, within(survey.bits, how.reach), count, buckets, step)
    last = survey.bits if survey.goal.radius is None else survey.goal.radius
    return one_table(survey, min(how.reach, last), count, buckets)


def foreseen(
    survey: Survey,
    count: int,
    places: NDArray[np.int64] | None = None,
    *,
    steps: NDArray[np.float64],
    probes: NDArray[np.float64],
    candidates: NDArray[np.float64],
    compared: NDArray[np.float64],
    recall: NDArray[np.float64],
) -> Expected:
    """All of it, with the rows that are put in order.

    They are those answered: what is found of the exact answer, and others if `k` are not there.

    `places` are which queries of the survey the others (Q,) are of; None for all.
    """
    if survey.goal.k is not None:
        wanted = min(survey.goal.k, count)
        kept = np.maximum(recall * wanted, np.minimum(candidates, wanted))
    else:
        there = survey.within(count)[:, survey.goal.radius]
        kept = recall * (there if places is None else there[places])
    return Expected(steps, probes, candidates, compared, kept, recall)


def found_share(
    survey: Survey, place: int, found: NDArray[np.bool_], limits: NDArray[np.int64], count: int
) -> float:
    """The share of one query's exact answer that is found, where some of the rows near it are (n,)."""
    near = survey.near[place].distances <= limits[place]
    if not near.any():
        return 1.0
    if survey.goal.k is None:
        return float(found[near].mean())
    there = survey.within(count)[place, limits[place]]
    wanted = min(survey.goal.k, count)
    return float(min(found[near].mean() * max(there, 1), wanted) / wanted)


def _recall(survey: Survey, count: int, found: NDArray[np.float64]) -> NDArray[np.float64]:
    """(Q,) the share of the exact answer among the nearest `found` (Q,) codes."""
    if survey.goal.k is not None:
        wanted = np.full(len(found), float(min(survey.goal.k, count)))
    else:
        wanted = survey.within(count)[np.arange(len(found)), survey.limits(count)]
    recall: NDArray[np.float64] = np.minimum(found, wanted) / wanted
    return recall


def _in_groups(around: list[NDArray[np.float64]], reach: int) -> NDArray[np.float64]:
    """(Q,) rows in the buckets that a radius asks for; one that lies in several counts as often."""
    total: NDArray[np.float64] = np.zeros(len(around[0]))
    for near, radius in zip(around, radii_of(len(around), reach), strict=True):
        if radius >= 0:
            total = total + near[:, min(radius, near.shape[1] - 1)]
    return total
