"""Packed binary codes.

A code of B bits fills ``ceil(B / 8)`` bytes. Bit 0 is the most significant bit of byte 0 ("big" bit order); the
unused bits of the last byte are zero. A bit is 1 where the network's output is >= 0, so sign(0) counts as +1
everywhere: in the store, in the query and in every figure.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hashviewer.errors import CodeError

BIT_ORDER: Final = "big"


def width(bits: int) -> int:
    """Bytes that a code of `bits` bits fills."""
    if bits < 1:
        raise CodeError(f"A code needs at least one bit; {bits} were asked for.")
    return (bits + 7) // 8


def pack(ones: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Pack bits (N, B) or (B,) into bytes (N, ceil(B/8)) or (ceil(B/8),)."""
    return np.packbits(ones, axis=-1, bitorder=BIT_ORDER)


def unpack(codes: NDArray[np.uint8], bits: int) -> NDArray[np.bool_]:
    """The bits of packed codes: (N, W) to (N, bits), or (W,) to (bits,)."""
    _check_width(codes, bits)
    return np.unpackbits(codes, axis=-1, count=bits, bitorder=BIT_ORDER).astype(np.bool_)


def from_outputs(outputs: ArrayLike) -> NDArray[np.uint8]:
    """Codes of real-valued outputs (N, B) or (B,): bit = output >= 0.

    Raises:
        CodeError: An output is not a number.
    """
    values = np.asarray(outputs)
    if np.isnan(values).any():
        raise CodeError(
            "The network gave outputs that are not numbers; its weights or its input are damaged."
        )
    return pack(values >= 0)


def hamming(query: NDArray[np.uint8], codes: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Hamming distances of one code (W,) to many (N, W): (N,), in bits."""
    if query.shape != codes.shape[1:]:
        raise CodeError(
            f"The query has {query.shape[-1]} bytes and the codes have {codes.shape[-1]}: they come from different models."
        )
    for word in (np.uint64, np.uint32, np.uint16):
        if codes.shape[1] % np.dtype(word).itemsize == 0 and codes.flags.c_contiguous:
            different = np.bitwise_count(codes.view(word) ^ np.ascontiguousarray(query).view(word))
            break
    else:
        different = np.bitwise_count(codes ^ query)
    distances: NDArray[np.uint16] = different.sum(axis=1, dtype=np.uint16)
    return distances


def differing_bits(a: NDArray[np.uint8], b: NDArray[np.uint8], bits: int) -> tuple[int, ...]:
    """The bits, ascending from 0, in which two codes (W,) differ."""
    return tuple(int(bit) for bit in np.flatnonzero(unpack(a ^ b, bits)))


def flipped(code: NDArray[np.uint8], bit: int) -> NDArray[np.uint8]:
    """A copy of `code` (W,) with one bit turned over."""
    changed = code.copy()
    changed[bit // 8] ^= np.uint8(0x80 >> (bit % 8))
    return changed


def to_hex(code: NDArray[np.uint8]) -> str:
    """A code (W,) as hexadecimal digits, byte 0 first."""
    return code.tobytes().hex()


def from_hex(text: str) -> NDArray[np.uint8]:
    """The code (W,) written by `to_hex`."""
    try:
        return np.frombuffer(bytes.fromhex(text), dtype=np.uint8).copy()
    except ValueError as error:
        raise CodeError(f"“{text}” is not a code in hexadecimal digits.") from error


def _check_width(codes: NDArray[np.uint8], bits: int) -> None:
    if codes.shape[-1] != width(bits):
        raise CodeError(
            f"{bits} bits fill {width(bits)} bytes, but these codes have {codes.shape[-1]} bytes each."
        )
