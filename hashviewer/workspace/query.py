"""What is asked of a library, and why a photo is where it is in the answer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes as packed


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """What is asked: a photo of the library or a picture from outside, with its code.

    Two queries are never equal, only identical, as `Matches` are.

    Attributes:
        title: A name for the user: the file's name or what the caller gave.
        row: The photo's row; None for a picture from outside.
        path: Where the picture is, absolute if that is known; None for one that came as bytes.
        code: (W,) packed code.
        outputs: (bits,) real-valued outputs before the sign; None where the library does not keep them.
        feature: (D,) feature for re-ranking; None where the library does not keep them.
        thumbnail: JPEG bytes; empty where the library holds no pictures.
        codes: Key of the code set that it is asked of.
        flipped: Bits of `code` that the user has turned over, ascending; `outputs` have the other sign there.
        turned: (V, W) codes of the picture mirrored and rotated, of which the nearest counts; None where they are not asked.
        others: Further photos asked together with this one.
        unwanted: Photos whose like is not wanted.
        by_mean: Whether a photo is to be near to all that are asked (by the mean distance), not to any of them.
    """

    title: str
    row: int | None
    path: str | None
    code: NDArray[np.uint8]
    outputs: NDArray[np.float32] | None
    feature: NDArray[np.float32] | None
    thumbnail: bytes
    codes: str
    flipped: tuple[int, ...] = ()
    turned: NDArray[np.uint8] | None = None
    others: tuple["Query", ...] = ()
    unwanted: tuple["Query", ...] = ()
    by_mean: bool = False

    @property
    def is_composed(self) -> bool:
        """Whether more than one code is asked."""
        return bool(self.others or self.unwanted) or self.turned is not None

    @property
    def wanted_codes(self) -> NDArray[np.uint8]:
        """(Q, W) every code asked: of this photo, of the others, and of their turnings."""
        parts = [
            part.code[None] if part.turned is None else np.vstack([part.code[None], part.turned])
            for part in (self, *self.others)
        ]
        return np.vstack(parts)

    @property
    def unwanted_codes(self) -> NDArray[np.uint8]:
        """(P, W) the codes of what is not wanted."""
        return np.array([part.code for part in self.unwanted], dtype=np.uint8).reshape(-1, len(self.code))

    def nearest_to(self, code: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The (W,) code asked that differs least from `code` (W,)."""
        wanted = self.wanted_codes
        nearest: NDArray[np.uint8] = wanted[packed.hamming(code, wanted).argmin()]
        return nearest


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a photo is where it is in the answer to a query.

    Attributes:
        row: The photo.
        distance: Its Hamming distance to the query, in bits.
        rank: Its place in the whole ranking by (distance, row), from 0.
        differing_bits: The bits in which its code differs from the query's, ascending.
        total: How many photos were ranked.
    """

    row: int
    distance: int
    rank: int
    differing_bits: tuple[int, ...]
    total: int
