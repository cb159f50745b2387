import numpy as np
import pytest

from hashviewer import codes as packed
from hashviewer.statistics.bits import bit_statistics
from hashviewer.statistics.summary import summarize


def test_the_summary_agrees_with_plain_loops():
    ones = np.random.default_rng(3).random((500, 12)) < 0.4
    ones[:, 7] = ones[:, 2] ^ (np.arange(500) % 9 == 0)  # nearly the same bit
    ones[:, 5] = True
    statistics = bit_statistics(packed.pack(ones), 12)
    best = (0.0, (0, 0))
    for a in range(12):
        for b in range(a + 1, 12):
            if ones[:, a].any() != ones[:, a].all() and ones[:, b].any() != ones[:, b].all():
                best = max(best, (abs(np.corrcoef(ones[:, a], ones[:, b])[0, 1]), (a, b)))
    summary = summarize(statistics)
    assert summary.pair == best[1] == (2, 7)
    assert abs(summary.correlation) == pytest.approx(best[0], abs=1e-5)
    assert summary.balance == pytest.approx(ones.mean())
    assert summary.dead == 1


def test_negative_correlation_counts_by_its_size():
    first = np.random.default_rng(1).random(200) < 0.5
    statistics = bit_statistics(packed.pack(np.stack([first, ~first], axis=1)), 2)
    assert summarize(statistics).pair == (0, 1)
    assert summarize(statistics).correlation == pytest.approx(-1)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_without_two_living_bits_there_is_no_pair(count):
    statistics = bit_statistics(np.full((count, 1), 0b10100000, dtype=np.uint8), 4)
    assert summarize(statistics).pair is None
    assert summarize(statistics).correlation == 0
