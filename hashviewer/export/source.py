"""What an export reads: an open library and a query.

The workspace stands above this package, so what is needed of it is stated here as protocols.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hashviewer.library import CodeSetInfo, Library


class Source(Protocol):
    """An open library; the workspace is one."""

    @property
    def library(self) -> Library:
        """The library."""

    @property
    def name(self) -> str:
        """What the user calls it."""

    def code_set(self, key: str) -> CodeSetInfo:
        """The code set called `key`; SearchError if there is none."""


class Asked(Protocol):
    """A query, as the workspace makes them."""

    @property
    def title(self) -> str:
        """A name for the user."""

    @property
    def row(self) -> int | None:
        """The photo's row; None for a picture from outside."""

    @property
    def path(self) -> str | None:
        """Where the picture is."""

    @property
    def code(self) -> NDArray[np.uint8]:
        """(W,) packed code."""

    @property
    def flipped(self) -> tuple[int, ...]:
        """Bits of `code` that the user has turned over."""

    @property
    def wanted_codes(self) -> NDArray[np.uint8]:
        """(Q, W) every code asked; more than one where several photos or turnings are."""

    @property
    def unwanted_codes(self) -> NDArray[np.uint8]:
        """(P, W) codes whose like is left out."""

    @property
    def by_mean(self) -> bool:
        """Whether the mean distance to all that are asked counts, not the least."""

    @property
    def thumbnail(self) -> bytes:
        """JPEG or WebP bytes; may be empty."""

    @property
    def codes(self) -> str:
        """Key of the code set."""
