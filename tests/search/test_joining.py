"""All near pairs, against comparing every pair."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import KINDS, made_codes, plain_distances

from hashviewer.errors import SearchError
from hashviewer.progress import Cancelled
from hashviewer.search import join, kernels


def slow_join(codes, radius):
    pairs = []
    for one in range(len(codes)):
        distances = plain_distances(codes[one], codes[one + 1 :])
        pairs += [
            (one, one + 1 + place, int(distances[place])) for place in np.flatnonzero(distances <= radius)
        ]
    return pairs


def listed(pairs):
    return [
        (*rows, distance)
        for rows, distance in zip(pairs.rows.tolist(), pairs.distances.tolist(), strict=True)
    ]


@pytest.mark.usefixtures("compiled")
@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from([8, 13, 64, 72, 128, 1024]),
    st.sampled_from(KINDS),
    st.integers(0, 150),
    st.integers(0, 6),
    st.booleans(),
)
def test_a_join_finds_every_near_pair_once(bits, kind, count, radius, compiled):
    codes = made_codes(kind, bits, count, seed=radius)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "ready", lambda: compiled)
        assert listed(join(codes, bits, radius=radius)) == slow_join(codes, radius)


@pytest.mark.usefixtures("compiled")
def test_a_join_by_many_threads_is_the_same_as_by_numpy(monkeypatch):
    codes = np.concatenate([made_codes("clustered", 64, 60_000), made_codes("duplicates", 64, 50)])
    compiled = listed(join(codes, 64, radius=3))
    monkeypatch.setattr(kernels, "ready", lambda: False)
    assert compiled == listed(join(codes, 64, radius=3))
    assert len(compiled) > 1000


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("kind", ["duplicates", "collapsed"])
def test_more_pairs_than_can_be_listed_are_refused_in_words(kind):
    codes = made_codes(kind, 64, 20_000)
    with pytest.raises(SearchError, match="choose a smaller radius"):
        join(codes, 64, radius=3, limit=100_000)


def test_a_join_can_be_stopped():
    def stop(done, total=None, message=""):
        raise Cancelled

    with pytest.raises(Cancelled):
        join(made_codes("random", 64, 100), 64, radius=3, progress=stop)


@pytest.mark.parametrize("radius", [-1, 64])
def test_a_radius_that_joins_everything_or_nothing_is_refused(radius):
    with pytest.raises(SearchError, match="0 to 63"):
        join(np.zeros((4, 8), np.uint8), 64, radius=radius)
