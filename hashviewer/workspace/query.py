"""What is asked of a library, and why a photo is where it is in the answer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
    """

    title: str
    row: int | None
    path: str | None
    code: NDArray[np.uint8]
    outputs: NDArray[np.float32] | None
    feature: NDArray[np.float32] | None
    thumbnail: bytes
    codes: str


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
