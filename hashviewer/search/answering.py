"""One search as `SearchHow` says it, over arrays: a ranking of all codes, or of what hash tables find."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import SearchError
from hashviewer.search.how import SearchHow
from hashviewer.search.looking_up import Index, build_index, laid_out, least_beyond, look_up
from hashviewer.search.ranking import rank
from hashviewer.search.results import Cost, Matches, check_count, check_radius
from hashviewer.search.scan import check_shapes
from hashviewer.search.segments import segment_tables
from hashviewer.search.tables import Tables, rank_by_tables
from hashviewer.search.weighted import check_outputs, weighted_tables

_BY_NUMBERS = ("adc", "segments")  # distances of which `Asked` has the tables


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A query as numbers.

    Attributes:
        code: (W,) packed code.
        outputs: (bits,) real-valued outputs; None where they are not known.
        tables: What a quantizer's code words add to the distance; needed for "adc" only, made here for "segments".
        numbers: (N, M) the code words of the codes searched; None where each byte of a code is the number of one.
        lengths: (N,) what each row adds to a squared distance; None adds nothing.
    """

    code: NDArray[np.uint8]
    outputs: NDArray[np.floating] | None = None
    tables: Tables | None = None
    numbers: NDArray[np.uint8] | None = None
    lengths: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """All that one search needs; see `search`."""

    asked: Asked
    codes: NDArray[np.uint8]
    bits: int
    how: SearchHow
    k: int | None
    radius: int | None
    rows: NDArray[np.bool_] | None


def search(
    asked: Asked,
    codes: NDArray[np.uint8],
    bits: int,
    *,
    how: SearchHow,
    index: Index | None = None,
    k: int | None = None,
    radius: int | None = None,
    rows: NDArray[np.bool_] | None = None,
) -> Matches:
    """The photos nearest to a query.

    Args:
        asked: The query.
        codes: Packed codes (N, W).
        bits: Width of the codes, 1 to 4096.
        how: By which distance, and through which tables if any.
        index: From `build_index` for these codes and this `how`; built now if it is missing.
        k: At most so many rows; None for all.
        radius: Only rows that differ in at most so many bits, whatever they are ordered by; None for any.
        rows: (N,) True for the rows to search; None searches all.

    Raises:
        SearchError: Something does not fit, or what the distance needs is not known of the query.
    """
    check_count(k)
    check_shapes(asked.code, codes, bits, rows)
    how.check(bits)
    if how.distance == "segments":
        tables, numbers = segment_tables(asked.code, codes, bits, how.segment)
        asked = replace(asked, tables=tables, numbers=numbers, lengths=None)
    if radius is not None:
        check_radius(radius, how.prefix or bits)
        if how.distance == "adc":
            raise SearchError("The codes of a quantizer have no radius in bits; leave it out.")
    question = _Question(asked, codes, bits, how, k, radius, rows)
    weighing = _weighing(asked, bits, how)
    if how.whole:
        return _ranked(question, weighing)
    return _looked_up(question, weighing, build_index(codes, bits, how) if index is None else index)


def _weighing(asked: Asked, bits: int, how: SearchHow) -> Tables | None:
    """By what rows are ordered; None for the Hamming distance."""
    if how.distance == "weighted" and how.weights is not None:
        return weighted_tables(asked.code, bits, np.array(how.weights))
    if how.distance == "asymmetric":
        return weighted_tables(asked.code, bits, _margins(asked, bits, "An asymmetric search"))
    if how.distance == "adc" and asked.tables is None:
        raise SearchError(
            "Of this query the look-up tables of a quantizer are not known; search by the Hamming distance."
        )
    return asked.tables if how.distance in _BY_NUMBERS else None


def _margins(asked: Asked, bits: int, what: str) -> NDArray[np.float64]:
    """|output| of each bit of the query: (bits,)."""
    if asked.outputs is None:
        raise SearchError(
            f"{what} needs the real-valued outputs of the query, which this library does not keep. Ask with a picture, or "
            "search by the Hamming distance."
        )
    check_outputs(asked.outputs, bits)
    margins: NDArray[np.float64] = np.abs(asked.outputs.astype(np.float64))
    return margins


def _ranked(question: _Question, weighing: Tables | None) -> Matches:
    """The answer from all codes."""
    k = question.k if weighing is None else 1
    radius = question.radius if weighing is None else None
    near = rank(
        question.asked.code,
        question.codes,
        question.bits,
        k=k,
        radius=radius,
        rows=question.rows,
        prefix=question.how.prefix,
    )
    near = replace(near, how=question.how)
    return near if weighing is None else _by_score(question, near, weighing)


def _by_score(question: _Question, near: Matches, weighing: Tables) -> Matches:
    """The answer from all codes by a real-valued distance; `near` knows the distances in bits."""
    k = question.k if question.radius is None else 1
    codes, lengths = question.codes, None
    if question.how.distance in _BY_NUMBERS:
        lengths = question.asked.lengths
        codes = codes if question.asked.numbers is None else question.asked.numbers
    scored = rank_by_tables(weighing, codes, k=k, rows=question.rows, lengths=lengths)
    rows = scored.rows
    if question.radius is not None:
        rows = np.flatnonzero(near.all_distances <= question.radius)
        rows = rows[np.argsort(scored.all_distances[rows], kind="stable")][: question.k]
    return replace(
        near,
        rows=rows,
        distances=near.all_distances[rows].astype(np.int32),
        scores=scored.all_distances[rows],
        all_scores=scored.all_distances,
        cost=replace(near.cost, seconds=near.cost.seconds + scored.cost.seconds),
    )


def _looked_up(question: _Question, weighing: Tables | None, index: Index) -> Matches:
    """The answer from what tables find; from all codes where the tables had to compare all."""
    how, rows = question.how, question.rows
    margins = None
    if how.mode == "lookup" and how.order == "confidence":
        margins = _margins(question.asked, question.bits, "Probing by confidence")
    found = look_up(
        question.asked.code,
        index,
        how,
        margins=margins,
        weighing=weighing,
        k=question.k,
        radius=question.radius,
        rows=rows,
    )
    if found.compared is not None:
        return _compared(question, weighing, found.compared, found.cost)
    matches = laid_out(found, len(question.codes), radius=question.radius)
    if weighing is not None:
        matches = _scored(question, matches, found.found, weighing)
    matches = replace(matches.first(question.k), how=how)
    searched = len(question.codes) if rows is None else int(np.count_nonzero(rows))
    wanted = question.bits if question.radius is None else question.radius
    exact = len(found.found) == searched or found.complete >= wanted or _enough(question, matches, weighing)
    return replace(matches, exact=exact)


def _compared(question: _Question, weighing: Tables | None, near: Matches, spent: Cost) -> Matches:
    """The answer where the tables gave up: `near` is the ranking of all codes, as far as was to be looked."""
    wanted = question.bits if question.radius is None else question.radius
    asked = question.how.probe
    if weighing is None and (asked is None or asked >= wanted):
        return replace(near, how=question.how, cost=spent)
    whole = _ranked(question, weighing)
    return replace(whole, cost=replace(spent, seconds=spent.seconds + whole.cost.seconds))


def _scored(question: _Question, matches: Matches, found: NDArray[np.int64], weighing: Tables) -> Matches:
    """The matches in the order of their scores; rows `found` (F,) have one."""
    everyone = np.sort(found)
    scored = rank_by_tables(weighing, question.codes[everyone], k=1)
    scores = np.full(len(question.codes), np.inf, dtype=np.float32)
    scores[everyone] = scored.all_distances
    rows = np.sort(matches.rows)
    rows = rows[np.argsort(scores[rows], kind="stable")]
    return replace(
        matches,
        rows=rows,
        distances=matches.all_distances[rows].astype(np.int32),
        scores=scores[rows],
        all_scores=scores,
        cost=replace(matches.cost, seconds=matches.cost.seconds + scored.cost.seconds),
    )


def _enough(question: _Question, matches: Matches, weighing: Tables | None) -> bool:
    """Whether nothing that was not found can be nearer than the last of the k matches."""
    if question.k is None or len(matches.rows) < question.k or matches.complete is None:
        return False
    if matches.scores is None or weighing is None:
        return int(matches.distances[-1]) <= matches.complete
    beyond = least_beyond(weighing, question.asked.code, matches.complete, question.bits)
    return float(matches.scores[-1]) < beyond
