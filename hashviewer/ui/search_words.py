"""The words for how a library is searched and for what an answer is worth."""

from dataclasses import dataclass

import numpy as np

from hashviewer.planner import Plan
from hashviewer.search import Matches
from hashviewer.search.how import Distance, Mode
from hashviewer.search.probes import within
from hashviewer.ui.explorer import Explorer, Options, Results
from hashviewer.ui.quantized import shows_quantized, shows_segments, why_no_tables
from hashviewer.ui.views.reading import counted

MODE_WORDS: dict[Mode, str] = {
    "rank": "Compare every code (exact)",
    "lookup": "Look up in one table",
    "multi": "Look up in several tables",
}
DISTANCE_WORDS: dict[Distance, str] = {
    "hamming": "Hamming",
    "weighted": "Weighted Hamming",
    "asymmetric": "Asymmetric",
    "segments": "Segments",
    "adc": "Quantizer (ADC)",
}
ORDERED_BY: dict[Distance, str] = {
    "hamming": "how many bits differ",
    "weighted": "the weights of the bits that differ",
    "asymmetric": "the query's outputs at the bits that differ",
    "segments": "how many segments of the code differ",
    "adc": "the distance to the quantizer's code words",
}
RERANKED_BY: dict[str, str] = {
    "cosine": "Cosine of features",
    "euclidean": "Distance of features",
    "outputs": "Cosine of outputs",
    "mutual": "Mutual neighbours",
}
_SHORT: dict[Distance, str] = {
    "hamming": "",
    "weighted": " · weighted",
    "asymmetric": " · asymmetric",
    "segments": " · segments",
    "adc": " · ADC",
}
OF_NUMBERS = (
    "These codes are numbers of code words: that bits differ says little. Order them by Quantizer (ADC)"
)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said above an answer that is not the plain exact ranking.

    Attributes:
        badge: A word or two.
        text: A sentence.
        approximate: Whether neighbours may be missing.
        empty: Whether nothing was found.
        can_grow: Whether a larger radius would find more.
        switches: Whether the exact answer can be called up, or left again.
    """

    badge: str
    text: str
    approximate: bool = False
    empty: bool = False
    can_grow: bool = False
    switches: bool = False


def short_words(options: Options) -> str:
    """Such as "Exact", "Lookup r 2" or "4 tables · weighted"."""
    mode = {"rank": "Exact", "lookup": f"Lookup r {options.probe}", "multi": f"{options.tables} tables"}
    return mode[options.mode] + _SHORT[options.distance]


def planned_words(plan: Plan, *, taken: bool) -> str:
    """What a library remembers, as a button says it: "Search as planned: 4 tables, exact"."""
    name = plan.choice.name[0].lower() + plan.choice.name[1:]
    return f"Searching as planned: {name}" if taken else f"Search as planned: {name}"


def effort_words(options: Options, bits: int | None) -> str:
    """What a mode does, in a sentence, before anything is asked."""
    if options.distance == "adc":  # tables of codes know nothing of code words
        return "Every code is compared, by the quantizer's look-up tables: nothing can be missed."
    if options.distance == "segments":
        return "Every code is compared, segment by segment: nothing can be missed."
    if options.mode == "rank":
        return "Every code is compared: nothing can be missed."
    if options.mode == "multi":
        goal = "until the answer is exact" if options.reach is None else f"all within {options.reach} bits"
        return f"The code is cut into {counted(options.tables, 'part')}, each with a table; looks further {goal}."
    if bits is None:
        return "Looks into the buckets whose codes are near to the query's."
    buckets = within(bits, min(options.probe, bits))
    order = "nearest" if options.probing == "distance" else "likeliest"
    return f"Looks into the {order} {counted(buckets, 'bucket')} of 2^{bits}; neighbours beyond are missed."


def why_not(distance: Distance, explorer: Explorer) -> str:
    """Why the photos cannot be ordered by a distance now; empty when they can."""
    query, quantized = explorer.query, shows_quantized(explorer)
    if distance == "asymmetric" and quantized:
        return (
            "These codes are numbers of code words, not signs of outputs: there is nothing to weigh bits by."
        )
    if distance == "asymmetric" and query is not None and query.outputs is None:
        return "Of this query only the code is known, not the real-valued outputs."
    if distance == "segments" and not shows_segments(explorer):
        return "These codes have no segments; those of ordinal hashing (DOH) do."
    if distance == "adc" and not quantized:
        return "These codes are no quantizer's: there are no code words to look up."
    if distance == "adc" and query is not None:
        return why_no_tables(query).capitalize()
    return ""


def notice_of(results: Results, *, quantized: bool = False) -> Notice | None:
    """What is to be said of an answer; None for the plain exact ranking.

    Args:
        results: The answer.
        quantized: Whether the codes are numbers of code words.
    """
    matches, options = results.matches, results.options
    if results.instead_of is not None:
        return Notice("Exact", _compared(matches, results.instead_of), switches=True)
    if matches.how.mode == "lookup" and matches.how.whole is False:
        return _looked_up(matches, _lookup_words(matches))
    if matches.how.mode == "multi":
        return _looked_up(matches, f"{counted(matches.how.tables, 'table')}: {_multi_words(matches)}")
    if options.mode != "rank" and results.query.is_composed:
        return Notice(
            "Exact", "Several codes are asked: they are compared with every photo's, by Hamming distance."
        )
    if options.distance != matches.how.distance:
        return Notice(
            "Hamming",
            f"{DISTANCE_WORDS[options.distance]} distance is not possible here: {_reason(results, quantized=quantized)}",
        )
    if matches.how.distance != "hamming":
        text = f"Ordered by {ORDERED_BY[matches.how.distance]}; the numbers count bits"
        if matches.reranked:
            by = RERANKED_BY.get(matches.how.rerank_by, f"Codes “{matches.how.rerank_by}”")
            text += f"; the first {matches.reranked:,} then by {by[0].lower() + by[1:]}"
        return Notice(DISTANCE_WORDS[matches.how.distance], text)
    return Notice("Hamming", OF_NUMBERS) if quantized else None


def _reason(results: Results, *, quantized: bool) -> str:
    if results.options.distance == "adc":
        return why_no_tables(results.query) or "these codes are no quantizer's."
    if quantized:
        return "these codes are numbers of code words."
    if results.options.distance == "segments" and not results.query.is_composed:
        return "these codes have no segments."
    if results.query.is_composed:
        return "several codes are asked."
    return "of this query only the code is known."


def _looked_up(matches: Matches, words: str) -> Notice:
    """A notice of an answer from tables."""
    if not len(matches.rows):
        text = f"{words}. Nothing was found: take a larger radius, or compare every code."
        return Notice("Empty", text, approximate=True, empty=True, can_grow=True, switches=True)
    if matches.exact:
        return Notice("Exact", f"{words}; nothing is missing")
    return Notice(
        "Approximate", f"{words}; {_missing_words(matches)}", approximate=True, can_grow=True, switches=True
    )


def _missing_words(matches: Matches) -> str:
    if matches.complete is None or matches.complete < 0:
        return "may miss neighbours"
    return f"may miss neighbours beyond {counted(matches.complete, 'bit')}"


def _lookup_words(matches: Matches) -> str:
    radius = matches.how.reach
    needed = within(matches.bits, radius)
    if matches.complete is None:
        return f"Lookup, radius {radius}: {needed:,} buckets are more than there are photos; every code was compared"
    if matches.cost.probed < needed:
        return (
            f"Lookup, radius {radius}: the codes of all {matches.cost.probed:,} buckets that hold photos were compared, "
            f"fewer than the {needed:,} within the radius; "
            f"{candidate_words(matches)}, {time_words(matches.cost.seconds)}"
        )
    return f"Lookup, radius {radius}: {_bucket_words(matches)}"


def _multi_words(matches: Matches) -> str:
    if matches.found is None:
        return f"{counted(matches.cost.probed, 'bucket')} did not suffice; every code was compared"
    return _bucket_words(matches)


def candidate_words(matches: Matches) -> str:
    """How many different photos the tables found, and how many codes were compared if these are more."""
    words, compared = counted(matches.total, "candidate"), matches.cost.candidates
    return words if matches.total == compared else f"{words} in {counted(compared, 'comparison')}"


def _bucket_words(matches: Matches) -> str:
    cost = matches.cost
    held = cost.probed - cost.empty
    return (
        f"{held:,} of {counted(cost.probed, 'bucket')} held photos, "
        f"{candidate_words(matches)}, {time_words(cost.seconds)}"
    )


def _compared(exact: Matches, approximate: Matches) -> str:
    """How much of the exact answer an approximate one had found, and what each took."""
    found = int(np.isin(exact.rows, approximate.rows).sum())
    count = len(exact.rows)
    share = f" ({found / count:.0%})" if found and found * 100 >= count else ""
    return (
        f"Every code was compared, {time_words(exact.cost.seconds)}. The tables had found {found:,} of these "
        f"{counted(count, 'photo')}{share}, {time_words(approximate.cost.seconds)}"
    )


def time_words(seconds: float) -> str:
    """A time in the unit that suits it: "0.3 ms", "1.2 s"."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"
