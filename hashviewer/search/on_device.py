"""Exact nearest neighbours of many queries at once, on a GPU that keeps the codes.

Codes as vectors of +1 and -1 turn the Hamming distance into a product, d = (bits - <q, c>) / 2, so that a batch of queries
costs a matrix product, which is what a GPU does best. Codes are read in blocks of ascending rows: once k rows are known for
a query, a later row counts only if it is strictly nearer than the k-th, since of equal distances the lower row stands first.
So few products survive a comparison with one number per query, and nothing but these is sorted.

This module alone of the search needs torch, and nothing imports it before it is asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.progress import Progress, silent
from hashviewer.search.results import check_count

QUERIES = 1024  # of one batch
FIRST_BLOCK = 4096  # rows; blocks double, so that few rows pass before a k-th is known
LARGEST_BLOCK = 131_072
MOST_PASSING = 1 << 23  # products that may survive a block; else it is halved
LARGEST_HALF = 2048  # bits: up to here 16-bit floats hold every product, odd ones too


@dataclass(frozen=True, slots=True, eq=False)
class NearestRows:
    """The nearest rows of each query.

    Attributes:
        rows: (Q, k) rows, nearest first; equal distances in ascending order of the row.
        distances: (Q, k) their Hamming distances, in bits.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.int32]


class CodesOnDevice:
    """Codes that stay on a device.

    Args:
        codes: Packed codes (N, W).
        bits: Width of the codes, 1 to 4096.
        device: Of torch: "cuda", "cuda:1", "cpu" …

    Raises:
        SearchError: The codes are of another width, or torch cannot use the device.
    """

    def __init__(self, codes: NDArray[np.uint8], bits: int, *, device: str) -> None:
        if codes.ndim != 2 or codes.shape[1] != packed.width(bits):
            raise SearchError(
                f"Codes of {bits} bits have {packed.width(bits)} bytes each, not {codes.shape}."
            )
        self.bits = bits
        self.device = _device(device)
        half = self.device.type != "cpu" and bits <= LARGEST_HALF
        self._type = torch.float16 if half else torch.float32
        try:
            self._codes = _tensor(codes).to(self.device)
        except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts that it has it
            said = str(error).strip().partition("\n")[0]
            raise SearchError(
                f"The codes cannot be compared on the device “{device}” ({said}); on “cpu” they always can."
            ) from error

    def __len__(self) -> int:
        """How many codes there are."""
        return len(self._codes)

    @torch.inference_mode()
    def nearest(self, queries: NDArray[np.uint8], k: int, *, progress: Progress = silent) -> NearestRows:
        """The `k` nearest rows of each query, all rows if there are fewer; exact.

        Args:
            queries: Packed codes (Q, W).
            k: At least 1.
            progress: Told the queries done, batch by batch; may stop it.

        Raises:
            SearchError: k is below 1, or the queries are of another width.
        """
        check_count(k)
        if queries.ndim != 2 or queries.shape[1] != self._codes.shape[1]:
            raise SearchError(
                f"The queries have {queries.shape[-1]} bytes and the codes have {self._codes.shape[1]}: they come from "
                "different models."
            )
        k = min(k, len(self))
        rows = np.empty((len(queries), k), dtype=np.int64)
        distances = np.empty((len(queries), k), dtype=np.int32)
        for start in range(0, len(queries) if k else 0, QUERIES):
            batch = _tensor(queries[start : start + QUERIES]).to(self.device)
            keys = self._keys(batch, k)
            found = slice(start, start + len(batch))
            rows[found] = (keys % len(self)).cpu().numpy()
            distances[found] = (keys // len(self)).cpu().numpy()
            progress(found.stop, len(queries), "Comparing")
        return NearestRows(rows, distances)

    # Inside

    def _keys(self, queries: Tensor, k: int) -> Tensor:
        """(Q, k) of distance · N + row, ascending."""
        signs = self._signs(queries)
        best = torch.empty((len(queries), 0), dtype=torch.int64, device=self.device)
        lowest = torch.full((len(queries), 1), -torch.inf, dtype=self._type, device=self.device)
        for start, stop in _blocks(len(self), k):
            best, lowest = self._merged(signs, start, stop, best, lowest, k)
        return best

    def _merged(
        self, signs: Tensor, start: int, stop: int, best: Tensor, lowest: Tensor, k: int
    ) -> tuple[Tensor, Tensor]:
        """The best keys after the rows start … stop - 1, and the product (Q, 1) that a later row has to exceed."""
        products = signs @ self._signs(self._codes[start:stop]).T
        passing = products > lowest
        if int(passing.count_nonzero()) > MOST_PASSING and stop - start > k:
            middle = (start + stop) // 2
            del products, passing
            best, lowest = self._merged(signs, start, middle, best, lowest, k)
            return self._merged(signs, middle, stop, best, lowest, k)
        of, row = passing.nonzero(as_tuple=True)
        distances = (self.bits - products[of, row].to(torch.int64)) // 2
        best = _smallest(best, of, distances * len(self) + row + start, k, beyond=(self.bits + 1) * len(self))
        if best.shape[1] == k:
            lowest = (self.bits - 2 * (best[:, -1:] // len(self))).to(self._type)
        return best, lowest

    def _signs(self, codes: Tensor) -> Tensor:
        """+1 and -1 (n, bits) of packed codes (n, W)."""
        places = torch.arange(7, -1, -1, dtype=torch.uint8, device=self.device)
        ones = (codes[:, :, None] >> places) & 1
        return ones.flatten(1)[:, : self.bits].to(self._type) * 2 - 1


def _device(name: str) -> torch.device:
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise SearchError(f"The device “{name}” is unknown; there are “cpu”, “cuda”, “cuda:1” …") from error


def _smallest(best: Tensor, of: Tensor, keys: Tensor, k: int, *, beyond: int) -> Tensor:
    """The `k` smallest keys of each query: of its `best` (Q, b), ascending, and of the `keys` (n,) of the queries `of` (n,).

    The query's number in front of a key makes one sort do for all of them; every key is less than `beyond`.
    """
    count, known = best.shape
    queries = torch.arange(count, device=best.device)
    together = torch.cat([(best + queries[:, None] * beyond).flatten(), keys + of * beyond]).sort().values
    begins = torch.searchsorted(together, queries * beyond)
    many = min(k, known + int(torch.bincount(of, minlength=count).min()))
    places = begins[:, None] + torch.arange(many, device=best.device)
    return together[places] - queries[:, None] * beyond


def _blocks(rows: int, k: int) -> Iterator[tuple[int, int]]:
    """Rows start … stop - 1 of each block; the first one holds at least `k`, where there are so many."""
    start, size = 0, max(FIRST_BLOCK, k)
    while start < rows:
        stop = min(start + size, rows)
        yield start, stop
        start, size = stop, max(min(2 * size, LARGEST_BLOCK), size)


def _tensor(codes: NDArray[np.uint8]) -> Tensor:
    """The codes as a tensor; a copy where torch could not share memory that may not be written to."""
    return torch.from_numpy(np.require(codes, requirements=["C", "W"]))
