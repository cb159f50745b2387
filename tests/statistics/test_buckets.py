"""Occupied buckets around a query, against plain loops."""

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashviewer import codes as packed
from hashviewer.errors import CodeError
from hashviewer.statistics import buckets


def slow_buckets(query, codes, radius, rows):
    """(distance, -size, code, rows) of each occupied bucket, sorted, with plain loops."""
    groups = defaultdict(list)
    for row, code in enumerate(codes):
        if rows[row]:
            groups[code.tobytes()].append(row)
    found = []
    for code, members in groups.items():
        distance = sum(bin(a ^ b).count("1") for a, b in zip(code, query.tobytes(), strict=True))
        if distance <= radius:
            found.append((distance, -len(members), code, members))
    return sorted(found)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([3, 8, 12, 64, 70, 128]),
    st.integers(0, 80),
    st.integers(0, 999),
    st.integers(0, 8),
    st.booleans(),
)
def test_buckets_and_rings_equal_those_of_plain_loops(bits, count, seed, radius, masked):
    radius = min(radius, bits)
    rng = np.random.default_rng(seed)
    few = packed.pack(rng.random((max(1, count // 3), bits)) < 0.1)
    codes = few[rng.integers(0, len(few), count)]
    mask = rng.random(count) < 0.7 if masked else np.ones(count, bool)
    found = buckets(few[0], codes, bits, radius=radius, rows=mask if masked else None)
    expected = slow_buckets(few[0], codes, radius, mask)
    listed = [(b.distance, -len(b.rows), b.code.tobytes(), b.rows.tolist()) for b in found.buckets]
    assert listed == expected
    for ring in found.rings:
        there = [members for distance, _, _, members in expected if distance == ring.radius]
        assert (ring.buckets, ring.photos) == (len(there), sum(map(len, there)))
    assert [ring.radius for ring in found.rings] == list(range(radius + 1))


def test_a_limit_shortens_the_list_but_not_the_rings():
    codes = np.arange(200, dtype=np.uint8)[:, None]
    found = buckets(codes[0], codes, 8, radius=8, limit=10)
    assert len(found.buckets) == 10
    assert sum(ring.buckets for ring in found.rings) == 200
    assert [b.distance for b in found.buckets] == [0] + [1] * 8 + [2]


def test_rows_left_out_of_the_search_are_left_out_of_the_buckets():
    codes = np.zeros((4, 1), dtype=np.uint8)
    distances = np.array([0, 65535, 0, 0], np.uint16)
    found = buckets(codes[0], codes, 8, radius=8, distances=distances)
    assert found.buckets[0].rows.tolist() == [0, 2, 3]


def test_probes_are_sums_of_binomials():
    found = buckets(np.zeros(8, np.uint8), np.zeros((1, 8), np.uint8), 64, radius=4)
    assert found.probes == tuple(sum(math.comb(64, i) for i in range(r + 1)) for r in range(5))


def test_nothing_within_the_radius_gives_empty_rings():
    found = buckets(np.zeros(1, np.uint8), np.full((3, 1), 255, np.uint8), 8, radius=2)
    assert found.buckets == ()
    assert [ring.photos for ring in found.rings] == [0, 0, 0]


def test_a_radius_beyond_the_code_is_refused():
    with pytest.raises(CodeError, match="0 to 8"):
        buckets(np.zeros(1, np.uint8), np.zeros((1, 1), np.uint8), 8, radius=9)
    with pytest.raises(CodeError, match="16 bits fill 2 bytes"):
        buckets(np.zeros(1, np.uint8), np.zeros((1, 1), np.uint8), 16, radius=1)
