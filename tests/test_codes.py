"""Packed codes against the same rules written as plain loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashviewer import codes
from hashviewer.errors import CodeError

seeds = st.integers(0, 2**32 - 1)
widths = st.integers(1, 200)


def some_bits(seed: int, count: int, bits: int) -> np.ndarray:
    return np.random.default_rng(seed).random((count, bits)) > 0.5


@given(seeds, widths)
def test_unpacking_gives_back_what_was_packed(seed, bits):
    ones = some_bits(seed, 5, bits)
    assert np.array_equal(codes.unpack(codes.pack(ones), bits), ones)


@given(seeds, widths)
def test_the_distance_is_the_number_of_positions_that_differ(seed, bits):
    ones = some_bits(seed, 7, bits)
    packed = codes.pack(ones)
    expected = [sum(ones[0, b] != row[b] for b in range(bits)) for row in ones]
    assert codes.hamming(packed[0], packed).tolist() == expected


@given(seeds, widths)
def test_the_differing_bits_are_as_many_as_the_distance(seed, bits):
    packed = codes.pack(some_bits(seed, 2, bits))
    differing = codes.differing_bits(packed[0], packed[1], bits)
    assert len(differing) == codes.hamming(packed[0], packed[1:])[0]


def test_bit_zero_is_the_most_significant_of_the_first_byte():
    ones = np.zeros(12, dtype=bool)
    ones[[0, 8]] = True
    assert codes.pack(ones).tolist() == [0x80, 0x80]


def test_an_output_of_zero_is_a_one_and_so_is_a_negative_zero():
    assert codes.from_outputs([0.0, -0.0, -1e-9, 1e-9, 5, -5, 0, -1]).tolist() == [0b11011010]


def test_outputs_that_are_not_numbers_are_refused():
    with pytest.raises(CodeError, match="not numbers"):
        codes.from_outputs([0.0, float("nan")])


@given(seeds, st.integers(1, 64), st.data())
def test_flipping_a_bit_changes_that_bit_alone(seed, bits, data):
    bit = data.draw(st.integers(0, bits - 1))
    code = codes.pack(some_bits(seed, 1, bits))[0]
    assert codes.differing_bits(code, codes.flipped(code, bit), bits) == (bit,)


@given(seeds, widths)
def test_hexadecimal_digits_give_the_code_back(seed, bits):
    code = codes.pack(some_bits(seed, 1, bits))[0]
    assert np.array_equal(codes.from_hex(codes.to_hex(code)), code)


def test_codes_of_another_width_are_refused():
    with pytest.raises(CodeError, match="different models"):
        codes.hamming(np.zeros(8, np.uint8), np.zeros((3, 16), np.uint8))
    with pytest.raises(CodeError, match="8 bytes"):
        codes.unpack(np.zeros((2, 4), np.uint8), 64)
