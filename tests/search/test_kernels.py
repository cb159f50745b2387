"""The compiled scan gives what the numpy scan gives, bit for bit, and is never waited for."""

import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import KINDS, made_codes, plain_distances

from hashviewer.search import MultiIndex, kernels, rank, scan
from hashviewer.search.kernels.sizes import BLOCK
from hashviewer.search.kernels.threads import over_ranges

pytestmark = pytest.mark.usefixtures("compiled")
BITS = [1, 7, 8, 9, 24, 31, 40, 48, 63, 64, 65, 96, 128, 192, 248, 249, 256, 320, 1024, 4096]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(BITS),
    st.integers(4096, 20_000),
    st.sampled_from(KINDS),
    st.sampled_from([None, 0.0, 0.6]),
    st.integers(0, 99),
)
def test_a_compiled_scan_equals_a_plain_one(bits, count, kind, searched, seed):
    if bits > 1000:
        count = 4096 + count % 100
    codes = made_codes(kind, bits, count, seed)
    mask = None if searched is None else np.random.default_rng(seed).random(count) < searched
    found = scan(codes[seed], codes, bits, rows=mask)
    assert found.minima is not None
    expected = plain_distances(codes[seed], codes)
    largest = 255 if bits <= 248 else 65535
    if mask is not None:
        expected = np.where(mask, expected, largest)
    assert found.distances.dtype == (np.uint8 if bits <= 248 else np.uint16)
    assert (found.distances == expected).all()
    assert found.histogram.tolist() == np.bincount(expected[expected <= bits], minlength=bits + 1).tolist()
    starts = range(0, count, BLOCK)
    assert found.minima.tolist() == [expected[start : start + BLOCK].min() for start in starts]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([8, 16, 64, 256]),
    st.sampled_from(KINDS),
    st.integers(1, 30_000),
    st.integers(0, 64),
    st.booleans(),
)
def test_the_nearest_are_in_the_order_of_distance_and_row(bits, kind, k, radius, limited):
    codes = made_codes(kind, bits, 25_000, seed=k % 7)
    expected = plain_distances(codes[3], codes)
    order = np.lexsort((np.arange(len(codes)), expected))
    radius = min(radius, bits)
    if limited:
        order = order[expected[order] <= radius]
    matches = rank(codes[3], codes, bits, k=k, radius=radius if limited else None)
    assert matches.rows.tolist() == order[:k].tolist()
    assert matches.distances.tolist() == expected[order[:k]].tolist()


def test_many_threads_share_a_scan_and_agree_with_numpy(monkeypatch):
    codes = made_codes("clustered", 64, 1_500_001)
    mask = np.random.default_rng(1).random(len(codes)) < 0.5
    compiled = [scan(codes[9], codes, 64), scan(codes[9], codes, 64, rows=mask)]
    narrow = scan(codes[9, :3], codes[:, :3], 24)
    monkeypatch.setattr(kernels, "ready", lambda: False)
    plain = [scan(codes[9], codes, 64), scan(codes[9], codes, 64, rows=mask)]
    for one, other in zip([*compiled, narrow], [*plain, scan(codes[9, :3], codes[:, :3], 24)], strict=True):
        assert other.minima is None
        assert one.distances.dtype == other.distances.dtype
        assert (one.distances == other.distances).all()
        assert one.histogram.tolist() == other.histogram.tolist()


def test_codes_of_a_mapped_file_are_searched_without_writing(tmp_path):
    codes = made_codes("random", 24, 9000)
    codes.tofile(tmp_path / "codes")
    mapped = np.memmap(tmp_path / "codes", dtype=np.uint8, mode="r", shape=codes.shape)
    assert (scan(codes[0], mapped, 24).distances == plain_distances(codes[0], codes)).all()


def test_two_searches_at_a_time_do_not_disturb_each_other():
    codes = made_codes("random", 64, 300_000)
    answers = {}

    def search(row):
        answers[row] = rank(codes[row], codes, 64, k=20).rows.tolist()

    threads = [threading.Thread(target=search, args=(row,)) for row in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for row in range(4):
        distances = plain_distances(codes[row], codes)
        assert answers[row] == np.lexsort((np.arange(len(codes)), distances))[:20].tolist()


def test_ranges_cover_every_row_once_and_an_error_comes_out():
    seen = np.zeros(1_000_001, dtype=int)

    def work(start, end):
        seen[start:end] += 1

    over_ranges(work, len(seen))
    assert (seen == 1).all()

    def fail(start, end):
        raise ValueError(start)

    with pytest.raises(ValueError):
        over_ranges(fail, 1_000_000)


def test_searching_imports_no_compiler_and_warming_returns_at_once():
    program = (
        "import sys, time, numpy as np\n"
        "from hashviewer.search import kernels, rank\n"
        "codes = np.zeros((9000, 8), np.uint8)\n"
        "assert rank(codes[0], codes, 64, k=1).rows[0] == 0\n"
        "assert 'numba' not in sys.modules\n"
        "start = time.perf_counter(); kernels.warm(); assert time.perf_counter() - start < 0.2\n"
        "assert rank(codes[0], codes, 64, k=1).rows[0] == 0\n"
        "assert kernels.wait(100)\n"
        "assert rank(codes[0], codes, 64, k=1).rows[0] == 0\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_a_compiler_numpy_goes_on_answering(monkeypatch, caplog):
    monkeypatch.setattr(kernels, "_state", kernels._State())
    monkeypatch.setattr(kernels.cache, "is_filled", lambda: True)
    monkeypatch.setattr(kernels, "module", lambda name: (_ for _ in ()).throw(ImportError("no numba")))
    kernels.warm()
    assert not kernels.wait(10)
    assert "numpy searches instead" in caplog.text
    codes = made_codes("random", 64, 9000)
    assert rank(codes[5], codes, 64, k=1).rows[0] == 5


@pytest.mark.parametrize("bits", [13, 64, 70, 200])
@pytest.mark.parametrize("room", [1, 1 << 16])
def test_buckets_short_and_long_are_looked_into_alike(monkeypatch, bits, room):
    """Buckets of more rows than are compared in one go, of fewer, and empty ones; and answers beyond the first room."""
    rng = np.random.default_rng(bits)
    codes = made_codes("random", bits, 40)
    codes = codes[rng.permutation(np.repeat(np.arange(40), rng.choice([1, 3, 60, 127, 128, 129, 500], 40)))]
    index = MultiIndex.build(codes, bits, tables=2)
    monkeypatch.setattr("hashviewer.search.multi_index.ROOM", room)
    for row in (0, 17):
        probes = index._probes(codes[row], -1, 5)
        for radius in (0, 5, bits):
            plain, compiled = (
                look(codes[row], probes, radius) for look in (index._look, index._look_compiled)
            )
            assert (compiled[0] == plain[0]).all()
            assert (compiled[1] == plain[1]).all()
            assert compiled[2:] == plain[2:]
