"""Statistics of bits, against the same figures as plain loops."""

import math

import numpy as np
import pytest

from hashviewer import codes as packed
from hashviewer.errors import CodeError
from hashviewer.progress import Cancelled
from hashviewer.statistics import bit_margins, bit_statistics


@pytest.fixture
def ones():
    rng = np.random.default_rng(0)
    ones = rng.random((200, 13)) < np.linspace(0.1, 0.9, 13)
    ones[:, 4] = True
    ones[:, 5] = False
    ones[:, 7] = ~ones[:, 6]
    return ones


def slow_pearson(a, b):
    n = len(a)
    ma, mb = sum(a) / n, sum(b) / n
    cov = sum((x - ma) * (y - mb) for x, y in zip(a, b, strict=True))
    va, vb = sum((x - ma) ** 2 for x in a), sum((y - mb) ** 2 for y in b)
    return cov / math.sqrt(va * vb) if va * vb else 0.0


def test_balance_entropy_and_correlation_equal_those_of_plain_loops(ones):
    found = bit_statistics(packed.pack(ones), 13)
    columns = [[int(bit) for bit in ones[:, b]] for b in range(13)]
    shares = [sum(column) / 200 for column in columns]
    assert found.balance == pytest.approx(shares)
    entropy = [-sum(p * math.log2(p) for p in (q, 1 - q) if p > 0) for q in shares]
    assert found.entropy == pytest.approx(entropy)
    for a in range(13):
        for b in range(13):
            assert found.correlation[a, b] == pytest.approx(slow_pearson(columns[a], columns[b]), abs=1e-6)
    assert found.dead == (4, 5)
    assert (found.bits, found.count, found.sampled) == (13, 200, 200)


def test_opposite_bits_correlate_to_minus_one_and_dead_ones_to_nothing(ones):
    correlation = bit_statistics(packed.pack(ones), 13).correlation
    assert correlation[6, 7] == pytest.approx(-1)
    assert not correlation[4].any()
    assert not correlation[:, 5].any()


def test_a_mask_counts_only_its_rows(ones):
    codes, mask = packed.pack(ones), np.random.default_rng(1).random(200) < 0.4
    masked, alone = bit_statistics(codes, 13, rows=mask), bit_statistics(codes[mask], 13)
    assert masked.count == int(mask.sum())
    assert masked.balance.tolist() == alone.balance.tolist()
    assert (masked.correlation == alone.correlation).all()


def test_a_large_set_states_the_sample_of_its_correlation():
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 256, (150_000, 2), dtype=np.uint8)
    found = bit_statistics(codes, 16)
    assert (found.count, found.sampled) == (150_000, 50_000)
    exact = np.corrcoef(packed.unpack(codes, 16).T.astype(float))
    assert np.abs(found.correlation - exact).max() < 0.03
    assert (bit_statistics(codes, 16).correlation == found.correlation).all()
    assert found.balance == pytest.approx(packed.unpack(codes, 16).mean(axis=0))


def test_very_wide_codes_use_a_smaller_sample():
    codes = np.random.default_rng(3).integers(0, 256, (30_000, 256), dtype=np.uint8)
    assert bit_statistics(codes, 2048).sampled == 25_000


def test_no_rows_give_no_shares_and_no_dead_bits():
    found = bit_statistics(np.zeros((5, 1), np.uint8), 8, rows=np.zeros(5, bool))
    assert found.count == 0
    assert found.dead == ()
    assert np.isnan(found.balance).all()
    assert not found.correlation.any()


def test_counting_can_be_cancelled():
    def stop(done, total=None, message=""):
        raise Cancelled

    with pytest.raises(Cancelled):
        bit_statistics(np.zeros((5, 1), np.uint8), 8, progress=stop)


def test_codes_of_another_width_are_refused():
    with pytest.raises(CodeError, match="16 bits fill 2 bytes"):
        bit_statistics(np.zeros((5, 1), np.uint8), 16)
    with pytest.raises(CodeError, match="3 marks for 5 codes"):
        bit_statistics(np.zeros((5, 1), np.uint8), 8, rows=np.ones(3, bool))


def test_margins_are_sizes_relative_to_the_median():
    assert bit_margins(np.array([-4, 1, 2], np.float16)).tolist() == [2, 0.5, 1]
    assert bit_margins(np.array([0.0, 0.0, -5.0])).tolist() == [0, 0, 1]
    assert bit_margins(np.zeros(3)).tolist() == [0, 0, 0]
