"""Counting in blocks: the kernel says what numpy says, memory does not grow with the database, bad codes are refused."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.evaluation import Coded, Wanted, evaluate, mean_average_precision
from hashviewer.evaluation import ranked as module
from hashviewer.evaluation.ranked import QUERIES, First, ranked
from hashviewer.progress import Cancelled


@pytest.fixture
def by_kernel(monkeypatch):
    """However little there is to do, the kernel does it."""
    monkeypatch.setattr(module, "LEAST_PAIRS", 0)


def made(count, bits, classes, seed=0, several=False):
    draw = np.random.default_rng(seed)
    kinds = draw.integers(0, classes, count)
    ones = (draw.random((classes, bits)) < 0.5)[kinds] ^ (draw.random((count, bits)) < 0.2)
    labels = np.eye(classes, dtype=np.uint8)[kinds]
    if several:
        labels |= draw.random((count, classes)) < 2 / classes
    return Coded(packed.pack(ones), labels)


def both(queries, items, bits, monkeypatch, **options):
    """The blocks of the kernel and of numpy, each as one."""
    found = []
    for least in (0, 1 << 60):
        monkeypatch.setattr(module, "LEAST_PAIRS", least)
        monkeypatch.setattr(module.kernels, "ready", lambda: False)
        blocks = list(ranked(queries, items, bits, **options))
        order = np.argsort(np.concatenate([block.places for block in blocks]))
        assert len(order) == len(queries.codes)
        names = ("counts", "sums", "grades")
        found.append([np.concatenate([getattr(b, n) for b in blocks])[order] for n in names])
    return found


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([1, 7, 8, 12, 48, 63, 64, 65, 100, 128, 300]),
    st.sampled_from([(2, False), (10, False), (20, True), (90, True)]),
    st.integers(1, 2500),
    st.booleans(),
    st.integers(0, 99),
)
def test_the_kernel_counts_and_orders_as_numpy_does(bits, labels, count, owned, seed):
    classes, several = labels
    items = made(count, bits, classes, seed, several)
    asked = min(count, 40)
    queries = Coded(items.codes[:asked], items.labels[:asked])
    own = np.where(np.arange(asked) % 3 > 0, np.arange(asked), -1) if owned else None
    with pytest.MonkeyPatch.context() as patch:
        kernel, plain = both(queries, items, bits, patch, own_rows=own, first=First(topk=9, grades=13))
        counted, _ = both(queries, items, bits, patch, own_rows=own, first=First(placed=False))
    assert np.array_equal(kernel[0], plain[0])
    assert np.array_equal(counted[0], plain[0])
    assert np.allclose(kernel[1], plain[1], rtol=1e-12)
    assert np.array_equal(kernel[2], plain[2])


def test_counts_are_those_of_plain_loops(by_kernel):
    items = made(150, 10, 6, several=True)
    (block,) = ranked(Coded(items.codes[:3], items.labels[:3]), items, 10, own_rows=np.array([0, -1, 2]))
    counts = block.counts[np.argsort(block.places)]
    ones = packed.unpack(items.codes, 10)
    for query in range(3):
        expected = np.zeros_like(counts[query])
        for item in range(150):
            if not (query in {0, 2} and item == query):
                far = sum(a != b for a, b in zip(ones[query], ones[item], strict=True))
                expected[
                    far, sum(a and b for a, b in zip(items.labels[query], items.labels[item], strict=True))
                ] += 1
        assert np.array_equal(counts[query], expected)
    assert block.relevant.sum() + block.counts[:, :, 0].sum() == block.items.sum() == 149 + 150 + 149


def test_memory_is_28_bytes_an_item_and_no_more_for_more_queries(by_kernel, monkeypatch):
    monkeypatch.setattr(module, "cores", lambda: 1)
    count = 400_000
    items, peaks = made(count, 48, 10), []
    for asked in (70, 280):
        queries = Coded(items.codes[:asked], items.labels[:asked])
        tracemalloc.start()
        for _ in ranked(queries, items, 48, first=First(topk=100, grades=100)):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    words, room = 2 * 8 * count, 12 * count
    assert max(peaks) < words + room + 1_000_000
    assert abs(peaks[1] - peaks[0]) < 500_000


def test_wide_codes_with_many_labels_are_counted_in_smaller_blocks():
    items = made(40, 4096, 60, several=True)
    work = module._Work(items, items, 4096, None, First())
    assert 1 <= work.step < QUERIES
    assert work.step * 4097 * work.stride <= module.COUNTS or work.step == 1


def test_a_cancelled_evaluation_stops_and_reports_come_in_order(by_kernel):
    items = made(300, 48, 10)
    told = []

    def stop(done, total=None, message=""):
        told.append((done, total))
        if done >= 100:
            raise Cancelled

    with pytest.raises(Cancelled):
        evaluate(items, items, 48, progress=stop)
    assert told == [(32, 300), (64, 300), (96, 300), (128, 300)]


def test_a_report_by_the_kernel_is_the_same_as_by_numpy(monkeypatch):
    items = made(700, 48, 10, several=True)
    reports = []
    for least in (0, 1 << 60):
        monkeypatch.setattr(module, "LEAST_PAIRS", least)
        monkeypatch.setattr(module.kernels, "ready", lambda: False)
        reports.append(evaluate(items, items, 48, own_rows=np.arange(700), wanted=Wanted(topk=50)))
    one, other = reports
    assert [r for r in one.radii if r.empty < 1] == [r for r in other.radii if r.empty < 1]
    assert one.classes == other.classes
    assert (one.stable, one.first.found) == pytest.approx((other.stable, other.first.found))
    assert (one.graded.ndcg, one.graded.wap) == pytest.approx((other.graded.ndcg, other.graded.wap))


def test_without_numba_numpy_counts_and_the_log_says_so(by_kernel, monkeypatch, caplog):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(module.kernels, "ready", lambda: False)
    monkeypatch.setattr(module.kernels, "module", absent)
    items = made(50, 12, 3)
    assert mean_average_precision(items, items, 12).queries == 50
    assert "numpy counts instead" in caplog.text


def test_codes_with_bits_beyond_their_width_are_refused():
    items = made(20, 12, 3)
    damaged = Coded(items.codes | 1, items.labels)
    with pytest.raises(SearchError, match="beyond their 12 bits"):
        next(ranked(items, damaged, 12))
    with pytest.raises(SearchError, match="fill 3 bytes"):
        next(ranked(items, items, 20))
