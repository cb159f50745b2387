"""Every mode and distance against a plain scan: exact where it says so, and honest about what it left out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import KINDS, made_codes

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.search import EXACT, Asked, SearchHow, Tables, build_index, search
from hashviewer.search.results import not_searched

BITS = [8, 12, 16, 48, 64, 72, 256, 1024]


def plain(asked, codes, bits, how, radius=None, rows=None):
    """(score, row) of the rows wanted, in order; and their distances in bits, by row."""
    different = packed.unpack(codes, bits) != packed.unpack(asked.code, bits)
    distances = different.sum(axis=1)
    weights = np.ones(bits)
    if how.distance == "weighted":
        weights = np.array(how.weights)
    elif how.distance == "asymmetric":
        weights = np.abs(asked.outputs)
    scores = (different * weights).sum(axis=1)
    wanted = np.ones(len(codes), dtype=bool) if rows is None else rows.copy()
    if radius is not None:
        wanted &= distances <= radius
    return sorted((float(scores[row]), int(row)) for row in np.flatnonzero(wanted)), distances


def made_question(kind, bits, count, seed):
    """Codes, and a query near one of them whose outputs are quarters: their sums are exact, so ties are ties."""
    rng = np.random.default_rng(seed)
    codes = made_codes(kind, bits, count, seed=seed)
    near = codes[rng.integers(count)] if count else made_codes(kind, bits, 1)[0]
    ones = packed.unpack(near, bits) ^ (rng.random(bits) < 0.03)
    outputs = np.where(ones, 1, -1) * rng.integers(1, 9, bits) / 4
    return codes, Asked(packed.pack(ones), outputs)


@st.composite
def hows(draw, bits):
    mode = draw(st.sampled_from(["rank", "lookup", "multi"]))
    distance = draw(st.sampled_from(["hamming", "weighted", "asymmetric"]))
    order = draw(st.sampled_from(["distance", "confidence"]))
    weights = tuple(draw(st.integers(0, 8)) / 4 for _ in range(bits)) if distance == "weighted" else None
    most = min(bits, 2 if bits > 100 else 4)
    return SearchHow(
        mode=mode,
        distance=distance,
        weights=weights,
        tables=draw(st.integers(1, min(8, bits))),
        probe=draw(st.none() | st.integers(0, most)),
        order=order,
    )


@settings(max_examples=250, deadline=None)
@given(st.data(), st.sampled_from(BITS), st.sampled_from(KINDS), st.integers(0, 250))
def test_every_way_to_search_agrees_with_a_plain_scan_or_says_that_it_may_not(data, bits, kind, count):
    how = data.draw(hows(bits))
    k = data.draw(st.none() | st.integers(1, 300))
    radius = data.draw(st.none() | st.integers(0, bits))
    masked = data.draw(st.booleans())
    codes, asked = made_question(kind, bits, count, seed=count)
    rows = np.random.default_rng(count).random(count) < 0.5 if masked else None
    expected, distances = plain(asked, codes, bits, how, radius, rows)
    found = search(asked, codes, bits, how=how, k=k, radius=radius, rows=rows)
    ordered_by = found.distances if found.scores is None else found.scores
    pairs = [(float(score), row) for score, row in zip(ordered_by, found.rows.tolist(), strict=True)]
    assert pairs == sorted(pairs)
    assert set(pairs) <= set(expected)
    assert found.distances.tolist() == distances[found.rows].tolist()
    if found.exact:
        assert pairs == expected[:k]
    if how.mode == "rank" or (how.mode == "multi" and how.probe is None and how.distance == "hamming"):
        assert found.exact
    known = found.all_distances != not_searched(found.all_distances)
    assert (found.all_distances[known] == distances[known]).all()
    assert found.histogram.tolist() == np.bincount(distances[known], minlength=bits + 1).tolist()
    assert found.total == known.sum()
    assert found.how == how
    if rows is not None:
        assert not (known & ~rows).any()
    if found.complete is None:
        assert known.sum() == (count if rows is None else rows.sum())
    else:
        inside = (distances <= found.complete) if rows is None else (distances <= found.complete) & rows
        assert known[inside].all()
    assert found.cost.empty <= found.cost.probed


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([16, 64, 128]), st.sampled_from(KINDS), st.integers(1, 8), st.integers(1, 40))
def test_several_tables_find_the_nearest_by_weight_too(bits, kind, tables, k):
    codes, asked = made_question(kind, bits, 300, seed=tables)
    how = SearchHow(mode="multi", distance="asymmetric", tables=tables)
    expected, _ = plain(asked, codes, bits, how)
    found = search(asked, codes, bits, how=how, k=k)
    assert found.exact or kind == "duplicates"  # equal scores beyond the radius cannot be told apart
    assert sorted(found.scores.tolist()) == [score for score, _ in expected[:k]]


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", [24, 64, 128])
@pytest.mark.parametrize("distance", ["hamming", "asymmetric"])
def test_the_compiled_search_of_many_codes_agrees_with_a_plain_scan(kind, bits, distance):
    codes, asked = made_question(kind, bits, 20_000, seed=3)
    rows = np.arange(len(codes)) % 3 > 0
    for how in (
        SearchHow(distance=distance),
        SearchHow(mode="lookup", probe=2, distance=distance),
        SearchHow(mode="lookup", probe=1, order="confidence", distance=distance),
        SearchHow(mode="multi", tables=3, distance=distance),
        SearchHow(mode="multi", tables=4, probe=5, distance=distance),
    ):
        expected, _ = plain(asked, codes, bits, how, None, rows)
        found = search(asked, codes, bits, how=how, k=25, rows=rows)
        scores = found.distances if found.scores is None else found.scores
        pairs = list(zip(scores.tolist(), found.rows.tolist(), strict=True))
        assert pairs == expected[:25] if found.exact else set(pairs) <= set(expected)


def test_a_lookup_within_its_radius_is_exact_and_beyond_it_says_that_it_is_not():
    codes, asked = made_question("clustered", 64, 3000, seed=1)
    how = SearchHow(mode="lookup", probe=2)
    inside = search(asked, codes, 64, how=how, radius=2)
    assert (inside.exact, inside.complete) == (True, 2)
    beyond = search(asked, codes, 64, how=how, k=500)
    assert (beyond.exact, beyond.complete) == (False, 2)
    assert beyond.total < 500
    assert beyond.rank_of(int(beyond.rows[0])) == 0
    assert beyond.rank_of(int(np.flatnonzero(beyond.all_distances > 64)[0])) is None


def test_confidence_goes_first_through_the_buckets_that_noise_leads_to():
    rng = np.random.default_rng(0)
    centre = rng.normal(size=(500, 20))
    twins = packed.from_outputs(centre + rng.normal(scale=0.4, size=centre.shape))
    hits = {}
    for order in ("distance", "confidence"):
        how = SearchHow(mode="lookup", probe=2, order=order)
        index = build_index(twins, 20, how)
        found = [
            search(Asked(packed.from_outputs(outputs), outputs), twins, 20, how=how, index=index)
            for outputs in centre
        ]
        assert all(answer.cost.probed == 1 + 20 + 190 for answer in found)
        hits[order] = sum(row in answer.rows for row, answer in enumerate(found))
    assert hits["confidence"] > hits["distance"]


def test_a_lookup_ordered_by_weights_gives_scores_to_what_it_found_and_no_other():
    codes, asked = made_question("clustered", 32, 2000, seed=2)
    how = SearchHow(mode="lookup", probe=3, distance="asymmetric")
    found = search(asked, codes, 32, how=how)
    assert np.isfinite(found.all_scores).sum() == found.total == len(found.rows)
    for place, row in enumerate(found.rows.tolist()):
        assert found.rank_of(row) == place


def test_a_quantizer_ranks_by_its_tables_and_only_so():
    codes = made_codes("random", 16, 100)
    values = np.random.default_rng(0).integers(0, 50, (2, 256)).astype(np.float32)
    asked = Asked(codes[0], tables=Tables(values))
    found = search(asked, codes, 16, how=SearchHow(distance="adc"), k=10)
    sums = sorted((float(values[0, a] + values[1, b]), row) for row, (a, b) in enumerate(codes.tolist()))
    assert list(zip(found.scores.tolist(), found.rows.tolist(), strict=True)) == sums[:10]
    with pytest.raises(SearchError, match="no radius"):
        search(asked, codes, 16, how=SearchHow(distance="adc"), radius=2)
    with pytest.raises(SearchError, match="are not known"):
        search(Asked(codes[0]), codes, 16, how=SearchHow(distance="adc"))


@pytest.mark.parametrize("count", [0, 1, 7])
@pytest.mark.parametrize("mode", ["rank", "lookup", "multi"])
@pytest.mark.parametrize("distance", ["hamming", "weighted", "asymmetric"])
def test_no_photos_one_photo_and_equal_codes_have_defined_answers(count, mode, distance):
    how = SearchHow(mode=mode, distance=distance, weights=(1.0,) * 64)
    codes = np.zeros((count, 8), np.uint8)
    asked = Asked(np.zeros(8, np.uint8), np.full(64, -1.0))
    for k in (1, 100, None):
        found = search(asked, codes, 64, how=how, k=k)
        assert found.rows.tolist() == list(range(count))[:k]
        assert found.exact
    nothing = search(asked, codes, 64, how=how, k=5, rows=np.zeros(count, dtype=bool))
    assert (nothing.rows.tolist(), nothing.total, nothing.exact) == ([], 0, True)


CODES = np.zeros((10, 8), np.uint8)
ASKED = Asked(CODES[0])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SearchHow(mode="tree"), "no mode “tree”"),
        (lambda: SearchHow(distance="cosine"), "no distance “cosine”"),
        (lambda: SearchHow(order="random"), "no order “random”"),
        (lambda: SearchHow(tables=0), "at least 1"),
        (lambda: SearchHow(probe=-1), "0 bits or more"),
        (lambda: SearchHow(distance="weighted"), "needs weights"),
        (lambda: SearchHow(weights=(1.0, float("nan"))), "not a finite number"),
        (lambda: SearchHow(weights=(1.0, -2.0)), "negative"),
        (lambda: SearchHow(mode="lookup", distance="adc"), "no buckets"),
        (lambda: search(ASKED, CODES, 64, how=SearchHow(mode="lookup", probe=65)), "0 to 64 bits"),
        (lambda: search(ASKED, CODES, 64, how=SearchHow(mode="multi", tables=65)), "1 to 64 tables"),
        (
            lambda: search(ASKED, CODES, 64, how=SearchHow(distance="weighted", weights=(1.0,) * 32)),
            "32 weights for codes of 64 bits",
        ),
        (lambda: search(ASKED, CODES, 64, how=SearchHow(distance="asymmetric")), "does not keep"),
        (lambda: search(ASKED, CODES, 64, how=SearchHow(mode="lookup", order="confidence")), "does not keep"),
        (
            lambda: search(Asked(CODES[0], np.ones(9)), CODES, 64, how=SearchHow(distance="asymmetric")),
            "different models",
        ),
        (lambda: search(ASKED, CODES, 64, how=EXACT, k=0), "at least 1"),
        (lambda: search(ASKED, CODES, 64, how=SearchHow(mode="multi"), k=-3), "at least 1"),
        (lambda: search(ASKED, CODES, 64, how=SearchHow(mode="lookup"), radius=-1), "0 to 64"),
        (lambda: search(ASKED, CODES, 64, how=SearchHow(mode="multi"), radius=65), "0 to 64"),
        (lambda: search(Asked(CODES[0, :4]), CODES, 64, how=SearchHow(mode="lookup")), "different models"),
        (lambda: search(ASKED, CODES, 64, how=SearchHow(mode="multi"), rows=np.ones(3, bool)), "3 marks"),
        (lambda: build_index(CODES, 64, EXACT), "needs no tables"),
    ],
)
def test_a_search_that_does_not_fit_is_refused_in_words(make, words):
    with pytest.raises(SearchError, match=words):
        make()
