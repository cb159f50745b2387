"""Photos within a small radius without a scan: the pigeonhole of four chunks.

A code is cut into four quarters. Two codes that differ in at most three bits agree in at least one quarter, so whoever
looks up the query's four quarters finds every photo within the radius, exactly. Of a long quarter the first 32 bits
serve: they agree where it does.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

CHUNKS = 4
REACH = CHUNKS - 1  # the largest radius, in bits, that the chunks answer
LONGEST = 32  # bits of a chunk
LEAST_BITS = 8  # shorter codes have so few buckets that a scan is as good


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bits start … stop - 1 of a code, read as a number."""

    start: int
    stop: int

    @property
    def _bytes(self) -> range:
        return range(self.start // 8, (self.stop - 1) // 8 + 1)

    @property
    def _shift(self) -> int:
        """Bits behind the chunk in its last byte."""
        return 8 * self._bytes.stop - self.stop

    @property
    def _mask(self) -> int:
        return (1 << (self.stop - self.start)) - 1

    def of(self, code: NDArray[np.uint8]) -> int:
        """Its value in a code (W,)."""
        among = code[self._bytes.start : self._bytes.stop].tobytes()
        return int.from_bytes(among, "big") >> self._shift & self._mask

    def expression(self, code: str) -> str:
        """The same of a column of codes, in ClickHouse's words."""
        among = f"substring({code}, {self._bytes.start + 1}, {len(self._bytes)})"
        number = f"reinterpretAsUInt64(reverse({among}))"
        return f"toUInt32(bitAnd(bitShiftRight({number}, {self._shift}), {self._mask}))"


def chunks(bits: int) -> tuple[Chunk, ...]:
    """The chunks of codes of `bits` bits; none where a table of them is not worth it."""
    if bits < LEAST_BITS:
        return ()
    bounds = [number * bits // CHUNKS for number in range(CHUNKS + 1)]
    return tuple(Chunk(start, min(stop, start + LONGEST)) for start, stop in pairwise(bounds))
