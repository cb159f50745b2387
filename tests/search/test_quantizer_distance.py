"""The quantizer mode of the search against a plain scan: every kind of table, any number of words, ties and edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.search import (
    Asked,
    SearchHow,
    Tables,
    composite_tables,
    kernels,
    product_tables,
    rank,
    score_tables,
    search,
    squared_lengths,
    sum_tables,
    word_numbers,
)
from tests.plain_search import KINDS as CODES
from tests.plain_search import made_codes

ADC = SearchHow(distance="adc")
KINDS = ("parts", "inner", "sums", "scores")


def plain_numbers(code, bits, each):
    text = "".join("1" if one else "0" for one in packed.unpack(code, bits))
    return [int(text[start : start + each], 2) for start in range(0, bits, each)]


def plain_distance(kind, query, books, numbers):
    """Of one query to one code; all in halves, so that sums are exact."""
    words = [books[m][number] for m, number in enumerate(numbers)]
    if kind == "parts":
        pieces = np.split(query, len(words))
        return sum(float(np.square(piece - word).sum()) for piece, word in zip(pieces, words, strict=True))
    if kind == "inner":
        return -sum(float(query @ word) for word in words)
    if kind == "sums":
        return float(np.square(query - np.sum(words, axis=0)).sum())
    return -sum(float(scores[number]) for scores, number in zip(query, numbers, strict=True))


def made_question(kind, each, count_of_books, codes_kind, count, seed):
    """A query in its tables, the codes, and its distance to every code by loops."""
    rng = np.random.default_rng(seed)
    bits, words = each * count_of_books, 1 << each
    codes = made_codes(codes_kind, bits, count, seed=seed)
    books = rng.integers(-4, 5, (count_of_books, words, 3)) / 2
    shapes = {"parts": 3 * count_of_books, "inner": 3, "sums": 3, "scores": (count_of_books, words)}
    query = rng.integers(-4, 5, shapes[kind]) / 2
    numbers = word_numbers(codes, bits, words)
    lengths = squared_lengths(numbers, books) if kind == "sums" else None
    makers = {"parts": product_tables, "inner": composite_tables, "sums": sum_tables}
    tables = score_tables(query) if kind == "scores" else makers[kind](query, books)
    code = codes[0] if count else made_codes("random", bits, 1)[0]
    asked = Asked(code, None, tables, None if numbers is codes else numbers, lengths)
    distances = [plain_distance(kind, query, books, plain_numbers(code, bits, each)) for code in codes]
    return asked, codes, bits, distances


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.integers(1, 8),
    st.integers(1, 5),
    st.sampled_from(CODES),
    st.integers(0, 120),
    st.none() | st.integers(1, 200),
    st.booleans(),
    st.integers(0, 1000),
)
def test_the_answer_is_that_of_a_plain_scan(kind, each, books, codes_kind, count, k, masked, seed):
    asked, codes, bits, distances = made_question(kind, each, books, codes_kind, count, seed)
    rows = np.random.default_rng(seed).random(count) < 0.5 if masked else None
    found = search(asked, codes, bits, how=ADC, k=k, rows=rows)
    wanted = [(distances[row], row) for row in range(count) if rows is None or rows[row]]
    nearest = sorted(wanted)[:k]
    assert list(zip(found.scores.tolist(), found.rows.tolist(), strict=True)) == nearest
    assert found.distances.tolist() == rank(asked.code, codes, bits).all_distances[found.rows].tolist()
    assert (found.total, found.exact, found.how) == (len(wanted), True, ADC)
    for distance, row in wanted:
        assert found.all_scores[row] == distance
        assert found.rank_of(row) == sorted(wanted).index((distance, row))
    for row in set(range(count)) - {row for _, row in wanted}:
        assert found.rank_of(row) is None


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("each", [6, 8])
@pytest.mark.parametrize("kind", KINDS)
def test_compiled_kernels_give_the_same_answer_for_many_codes(kind, each, masked):
    asked, codes, bits, distances = made_question(kind, each, 4, "clustered", 9001, seed=each)
    rows = np.arange(len(codes)) % 3 > 0 if masked else None
    compiled = search(asked, codes, bits, how=ADC, k=700, rows=rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "ready", lambda: False)
        by_numpy = search(asked, codes, bits, how=ADC, k=700, rows=rows)
    order = np.lexsort((np.arange(len(codes)), distances))
    assert compiled.rows.tolist() == by_numpy.rows.tolist()
    assert compiled.rows.tolist() == [row for row in order if rows is None or rows[row]][:700]
    assert (compiled.all_scores == by_numpy.all_scores).all()


def test_a_squared_distance_is_never_below_zero():
    books = np.full((2, 256, 3), 0.1) + np.random.default_rng(0).normal(size=(2, 256, 3)) * 1e-7
    codes = made_codes("random", 16, 300)
    query = books[0, 0] + books[1, 0]
    lengths = squared_lengths(codes, books)
    found = search(Asked(codes[0], None, sum_tables(query, books), None, lengths), codes, 16, how=ADC)
    assert found.all_scores.min() >= 0
    assert found.all_scores.max() < 1e-5


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: word_numbers(np.zeros((3, 2), np.uint8), 16, 64), "16 bits do not consist of numbers of 64"),
        (lambda: word_numbers(np.zeros((3, 2), np.uint8), 16, 512), "512 code words"),
        (lambda: word_numbers(np.zeros((3, 2), np.uint8), 16, 1), "1 code words"),
        (lambda: word_numbers(np.zeros((3, 2), np.uint8), 16, 10), "10 code words"),
        (lambda: score_tables(np.zeros((2, 300))), "1 to 256 words"),
        (lambda: sum_tables(np.zeros(4), np.zeros((2, 256, 3))), "come from different models"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(make, words):
    with pytest.raises(SearchError, match=words):
        make()


def test_tables_and_lengths_of_another_library_are_refused():
    codes = np.zeros((3, 2), np.uint8)
    tables = Tables(np.zeros((2, 256), np.float32))
    with pytest.raises(SearchError, match="2 lengths for 3 codes"):
        search(Asked(codes[0], tables=tables, lengths=np.zeros(2, np.float32)), codes, 16, how=ADC)
    scores = score_tables(np.full((2, 256), np.nan))
    with pytest.raises(SearchError, match="not a finite number"):
        search(Asked(codes[0], tables=scores), codes, 16, how=ADC)
    with pytest.raises(SearchError, match="come from different models"):
        search(Asked(np.zeros(3, np.uint8), tables=tables), np.zeros((3, 3), np.uint8), 24, how=ADC)
