"""Many queries at once, on a device, give what one scan after the other gives."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.progress import Cancelled
from hashviewer.search import on_device, rank
from hashviewer.search.on_device import CodesOnDevice


def made(kind, rows, bits, seed=0):
    rng = np.random.default_rng(seed)
    if kind == "random":
        return packed.pack(rng.random((rows, bits)) < 0.5)
    if kind == "clustered":
        centres = rng.random((max(rows // 40, 1), bits)) < 0.5
        return packed.pack(centres[rng.integers(0, len(centres), rows)] ^ (rng.random((rows, bits)) < 0.05))
    if kind == "collapsed":
        return packed.pack(np.tile(rng.random(bits) < 0.5, (rows, 1)))
    return packed.pack(np.sort(rng.random((rows, 1)), axis=0)[::-1] > rng.random(bits))  # nearer and nearer


def same_as_scans(codes, queries, bits, k, device="cpu"):
    found = CodesOnDevice(codes, bits, device=device).nearest(queries, k)
    assert found.rows.shape == found.distances.shape == (len(queries), min(k, len(codes)))
    for query, rows, distances in zip(queries, found.rows, found.distances, strict=True):
        own = rank(query, codes, bits, k=k)
        assert rows.tolist() == own.rows.tolist()
        assert distances.tolist() == own.distances.tolist()


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(on_device, "FIRST_BLOCK", 8)
    monkeypatch.setattr(on_device, "LARGEST_BLOCK", 64)
    monkeypatch.setattr(on_device, "QUERIES", 5)
    monkeypatch.setattr(on_device, "MOST_PASSING", 100)


@pytest.mark.parametrize("kind", ["random", "clustered", "collapsed", "nearing"])
@pytest.mark.parametrize("bits", [8, 13, 64, 1024])
@pytest.mark.usefixtures("small_blocks")
def test_the_nearest_are_those_of_a_scan(kind, bits):
    codes = made(kind, 700, bits)
    queries = np.concatenate([codes[[0, 350, 699]], made("random", 9, bits, seed=1)])
    same_as_scans(codes, queries, bits, 20)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_codes_queries_and_k(data):
    bits = data.draw(st.integers(1, 70))
    rows = data.draw(st.integers(1, 300))
    codes = packed.pack(np.random.default_rng(data.draw(st.integers(0, 99))).random((rows, bits)) < 0.2)
    same_as_scans(codes, codes[: data.draw(st.integers(1, 9))], bits, data.draw(st.integers(1, 400)))


@pytest.mark.usefixtures("small_blocks")
def test_long_codes_and_k_beyond_a_block():
    codes = made("clustered", 300, 4096)
    same_as_scans(codes, codes[:7], 4096, 150)


def test_sixteen_bit_products_are_exact_up_to_the_length_they_serve():
    """What a GPU computes, without one: every product of signs is a number that 16 bits hold."""
    bits = on_device.LARGEST_HALF
    products = torch.arange(-bits, bits + 1, dtype=torch.float32)
    assert torch.equal(products.half().float(), products)
    assert not torch.equal((products - 1).half().float(), products - 1)


@pytest.mark.parametrize("bits", [64, 2047, 2048])
def test_sixteen_bits_find_the_same_down_to_the_very_opposite(bits):
    ones = np.random.default_rng(2).random((60, bits)) < 0.5
    ones[1::3] = ~ones[0]
    codes = packed.pack(ones)
    kept = CodesOnDevice(codes, bits, device="cpu")
    kept._type = torch.float16
    found = kept.nearest(codes[:5], 60)
    for query, rows, distances in zip(codes, found.rows, found.distances, strict=False):
        own = rank(query, codes, bits)
        assert (rows.tolist(), distances.tolist()) == (own.rows.tolist(), own.distances.tolist())
    assert found.distances[0, -1] == bits


def test_no_codes_no_queries_and_codes_that_may_not_be_written_to():
    codes = made("random", 50, 16)
    codes.flags.writeable = False
    same_as_scans(codes, codes[:2], 16, 3)
    assert CodesOnDevice(codes, 16, device="cpu").nearest(codes[:0], 3).rows.shape == (0, 3)
    assert CodesOnDevice(codes[:0], 16, device="cpu").nearest(codes, 3).rows.shape == (50, 0)


def test_what_cannot_be_asked_is_refused():
    codes = made("random", 50, 16)
    kept = CodesOnDevice(codes, 16, device="cpu")
    with pytest.raises(SearchError, match="at least 1"):
        kept.nearest(codes, 0)
    with pytest.raises(SearchError, match="different models"):
        kept.nearest(made("random", 3, 24), 5)
    with pytest.raises(SearchError, match="3 bytes"):
        CodesOnDevice(codes, 24, device="cpu")


@pytest.mark.usefixtures("small_blocks")
def test_it_can_be_stopped_between_batches():
    codes, told = made("random", 100, 16), []

    def stop(done, total=None, message=""):
        told.append((done, total))
        raise Cancelled

    with pytest.raises(Cancelled):
        CodesOnDevice(codes, 16, device="cpu").nearest(codes[:20], 5, progress=stop)
    assert told == [(5, 20)]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize(
    ("kind", "bits"), [("clustered", 64), ("collapsed", 64), ("random", 2048), ("random", 4096)]
)
def test_a_gpu_finds_the_same(kind, bits):
    codes = made(kind, 20_000, bits)
    same_as_scans(codes, codes[:50], bits, 100, device="cuda")
