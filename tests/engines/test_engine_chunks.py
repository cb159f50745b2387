import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashviewer import codes as packed
from hashviewer.engines.chunks import CHUNKS, REACH, chunks


@given(bits=st.integers(8, 600), data=st.data())
def test_codes_within_three_bits_agree_in_a_chunk(bits, data):
    seed = data.draw(st.integers(0, 2**32 - 1))
    code = packed.pack(np.random.default_rng(seed).random(bits) < 0.5)
    flips = data.draw(st.sets(st.integers(0, bits - 1), max_size=REACH))
    other = code
    for bit in flips:
        other = packed.flipped(other, bit)
    assert any(chunk.of(code) == chunk.of(other) for chunk in chunks(bits))


@pytest.mark.parametrize("bits", [8, 13, 36, 64, 300])
def test_chunks_do_not_overlap_and_hold_the_bits_they_say(bits):
    parts = chunks(bits)
    assert len(parts) == CHUNKS
    for before, after in itertools.pairwise(parts):
        assert before.stop <= after.start
    ones = np.random.default_rng(bits).random(bits) < 0.5
    for part in parts:
        number = int("".join("01"[bit] for bit in ones[part.start : part.stop].astype(int)), 2)
        assert part.of(packed.pack(ones)) == number


@pytest.mark.parametrize("bits", [8, 13, 36, 64, 300])
def test_the_engine_computes_the_same_chunks(connection, bits):
    code = packed.pack(np.random.default_rng(bits).random(bits) < 0.5)
    column = f"toFixedString(unhex({{code:String}}), {len(code)})"
    for part in chunks(bits):
        found = connection.rows(
            f"select {part.expression(column)} as value", np.dtype("<u4"), {"code": packed.to_hex(code)}
        )
        assert found.tolist() == [part.of(code)]


def test_short_codes_have_no_chunks():
    assert chunks(7) == ()
