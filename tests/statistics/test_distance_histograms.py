"""The curve of random codes and the natural gap."""

import math

import numpy as np
import pytest

from hashviewer.statistics import Gap, binomial_histogram, largest_gap


def histogram(bits, **photos):
    counts = np.zeros(bits + 1, dtype=np.int64)
    for distance, number in photos.items():
        counts[int(distance[1:])] = number
    return counts


@pytest.mark.parametrize("bits", [1, 8, 64, 256])
def test_the_binomial_equals_the_exact_fractions(bits):
    expected = [1000 * math.comb(bits, d) / 2**bits for d in range(bits + 1)]
    assert binomial_histogram(bits, 1000) == pytest.approx(expected, rel=1e-11)


def test_the_binomial_of_4096_bits_sums_to_the_total():
    curve = binomial_histogram(4096, 1_000_000)
    assert curve.sum() == pytest.approx(1_000_000)
    assert int(curve.argmax()) == 2048
    assert np.isfinite(curve).all()


def test_the_widest_stretch_without_photos_is_the_gap():
    counts = histogram(64, d0=1, d3=4, d6=2, d14=5, d17=3, d30=900)
    assert largest_gap(counts, up_to=14) == Gap(radius=6, within=7, next_distance=14)
    assert largest_gap(counts) == Gap(radius=17, within=15, next_distance=30)


def test_a_gap_needs_enough_photos_before_it():
    counts = histogram(64, d0=1, d20=4, d25=9, d32=100)
    assert largest_gap(counts) == Gap(radius=0, within=1, next_distance=20)
    assert largest_gap(counts, minimum=2) == Gap(radius=25, within=14, next_distance=32)


def test_of_equally_wide_gaps_the_nearest_counts():
    assert largest_gap(histogram(64, d2=1, d6=1, d10=1, d12=5)) == Gap(2, 1, 6)


def test_distances_without_a_gap_have_none():
    assert largest_gap(histogram(8, d1=1, d2=3, d3=9, d4=9, d5=1)) is None
    assert largest_gap(histogram(64)) is None
    assert largest_gap(histogram(64, d40=10)) is None


def test_when_all_photos_are_near_nothing_comes_next():
    assert largest_gap(histogram(64, d5=10)) == Gap(radius=5, within=10, next_distance=None)
