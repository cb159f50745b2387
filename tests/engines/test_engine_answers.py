"""Every answer of an engine against the same question asked of the codes in memory."""

import numpy as np
import pytest
from coded_libraries import KEY, coded_library, listed, made_codes, same_matches
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hashviewer import search, statistics
from hashviewer.engines.clickhouse import ClickHouseEngine
from hashviewer.engines.filtering import Filter
from hashviewer.engines.pushing import push
from hashviewer.errors import SearchError

ROWS = 700
MADE = (
    ("random", 5),
    ("clustered", 36),
    ("collapsed", 36),
    ("clustered", 64),
    ("duplicates", 64),
    ("random", 64),
    ("clustered", 256),
    ("duplicates", 300),
)


@pytest.fixture(scope="module")
def pushed(engine_folder, tmp_path_factory):
    """By kind and width the codes in memory, the library and the engine, made when first asked for."""
    from hashviewer.engines import parse
    from hashviewer.engines.connection import Connection

    made = {}
    folder = tmp_path_factory.mktemp("answers")

    def get(kind, bits):
        if (kind, bits) not in made:
            codes = made_codes(kind, ROWS, bits)
            library = coded_library(folder / f"{kind}-{bits}", codes, bits)
            connection = Connection(parse(f"chdb://{engine_folder}?database=answers_{kind}_{bits}"))
            push(library, connection, name=kind)
            made[kind, bits] = codes, library, ClickHouseEngine(connection)
        return made[kind, bits]

    yield get
    for _, library, engine in made.values():
        library.close()
        engine.close()


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    made=st.sampled_from(MADE),
    k=st.sampled_from([1, 10, 150, ROWS, 10 * ROWS, None]),
    share=st.sampled_from([None, 0.0, 0.02, 0.5]),
    data=st.data(),
)
def test_a_ranking_is_the_same_row_by_row(pushed, made, k, share, data):
    codes, _, engine = pushed(*made)
    bits = made[1]
    radius = data.draw(st.sampled_from([None, 0, 2, 3, bits // 4, bits]))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    query = codes[rng.integers(ROWS)].copy()
    query[0] ^= np.uint8(0x80 * rng.integers(2))
    rows = None if share is None else rng.random(ROWS) < share
    mine = search.rank(query, codes, bits, k=k, radius=radius, rows=rows)
    theirs = engine.nearest(query, codes=KEY, k=k, radius=radius, chosen=Filter(rows=rows))
    assert same_matches(mine, theirs)


@pytest.mark.parametrize(("kind", "bits"), MADE)
def test_distances_places_and_buckets_are_the_same(pushed, kind, bits):
    codes, _, engine = pushed(kind, bits)
    rng = np.random.default_rng(bits)
    query, rows = codes[5], rng.random(ROWS) < 0.7
    mine = search.rank(query, codes, bits, rows=rows)
    chosen = Filter(rows=rows)
    theirs = engine.distances(query, codes=KEY, chosen=chosen)
    assert theirs.dtype == mine.all_distances.dtype
    assert np.array_equal(theirs, mine.all_distances)
    for row in rng.integers(0, ROWS, 4).tolist():
        assert engine.place_of(query, row, codes=KEY, chosen=chosen) == mine.rank_of(row)
    assert engine.place_of(query, ROWS, codes=KEY) is None
    for radius in (0, 3, bits // 3):
        own = statistics.buckets(query, codes, bits, radius=radius, rows=rows)
        assert listed(engine.buckets(query, codes=KEY, radius=radius, chosen=chosen)) == listed(own)


@pytest.mark.parametrize(("kind", "bits"), MADE)
def test_a_small_radius_is_found_whole_by_the_chunks(pushed, kind, bits):
    codes, _, engine = pushed(kind, bits)
    for radius in range(4):
        mine = search.rank(codes[9], codes, bits, radius=radius)
        rows, distances = engine.within(codes[9], codes=KEY, radius=radius)
        assert rows.tolist() == mine.rows.tolist()
        assert distances.tolist() == mine.distances.tolist()


@pytest.mark.parametrize(("kind", "bits"), MADE)
def test_bit_statistics_are_the_same(pushed, kind, bits):
    codes, _, engine = pushed(kind, bits)
    mine, theirs = statistics.bit_statistics(codes, bits), engine.bit_statistics(KEY)
    assert (mine.count, mine.dead, mine.sampled) == (theirs.count, theirs.dead, theirs.sampled)
    for name in ("balance", "entropy", "correlation"):
        assert np.array_equal(getattr(mine, name), getattr(theirs, name))


def test_the_correlation_of_many_photos_is_of_the_same_sample(pushed, monkeypatch):
    monkeypatch.setattr("hashviewer.statistics.bits.SAMPLE", 100)
    codes, _, engine = pushed("clustered", 36)
    mine, theirs = statistics.bit_statistics(codes, 36), engine.bit_statistics(KEY)
    assert mine.sampled == theirs.sampled == 100
    assert np.array_equal(mine.correlation, theirs.correlation)


@pytest.mark.parametrize("radius", [2, 20])
def test_labels_narrow_a_search(pushed, radius):
    codes, library, engine = pushed("clustered", 64)
    for labels in ((0,), (1, 2), (-1,), ()):
        rows = np.isin(library.labels, labels)
        mine = search.rank(codes[0], codes, 64, k=50, radius=radius, rows=rows)
        theirs = engine.nearest(
            codes[0], codes=KEY, k=50, radius=radius, chosen=Filter(labels=labels, rows=None)
        )
        assert same_matches(mine, theirs)


def test_codes_and_texts_come_in_the_order_asked_for(pushed):
    codes, library, engine = pushed("collapsed", 36)
    rows = np.array([600, 3, 3, 17])
    found, encoded = engine.codes_of(KEY, rows)
    assert np.array_equal(found, codes[rows])
    assert encoded.all()
    assert engine.texts("path", rows) == [path.encode() for path in library.paths(rows)]
    assert engine.numbers_of("label", "<i4", rows).tolist() == library.labels[rows].tolist()
    assert engine.codes_of(KEY, np.empty(0, np.int64))[0].shape == (0, 5)


def test_text_that_looks_like_a_statement_is_only_a_value(pushed):
    codes, _, engine = pushed("random", 64)
    with pytest.raises(SearchError, match="no code set"):
        engine.nearest(codes[0], codes="x' or 1=1 --", k=1, radius=None)
    assert engine.nearest(codes[0], codes=KEY, k=1, radius=None).rows.tolist() == [0]


@pytest.mark.parametrize(
    ("k", "radius", "query", "reason"),
    [
        (0, None, None, "at least 1"),
        (-3, None, None, "at least 1"),
        (5, -1, None, "radius is -1"),
        (5, 65, None, "radius is 65"),
        (5, None, np.zeros(4, np.uint8), "come from different models"),
    ],
)
def test_bad_questions_are_refused_as_by_the_local_search(pushed, k, radius, query, reason):
    codes, _, engine = pushed("random", 64)
    with pytest.raises(SearchError, match=reason):
        engine.nearest(codes[0] if query is None else query, codes=KEY, k=k, radius=radius)
