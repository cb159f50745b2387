"""A correlation matrix as indices into a diverging colour scale; made in a worker."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHADES = 255
LEAST_EXTENT = 0.2  # a map of independent bits is to look calm, not like noise at full contrast


@dataclass(frozen=True, slots=True, eq=False)
class Shaded:
    """A correlation matrix as indices into a diverging colour scale.

    Attributes:
        indices: (B, B) 0…254; 127 is zero, the diagonal too, since a bit with itself says nothing.
        extent: The correlation at both ends of the scale.
    """

    indices: NDArray[np.uint8]
    extent: float


def shade(correlation: NDArray[np.float32]) -> Shaded:
    """Scale a correlation matrix (B, B) symmetrically about zero."""
    values = correlation.copy()
    np.fill_diagonal(values, 0)
    large = (
        float(np.quantile(np.abs(values), 0.999)) if values.size else 0.0
    )  # a single pair may be off the scale
    extent = min(1.0, max(LEAST_EXTENT, np.ceil(large * 10 - 1e-4) / 10))
    half = SHADES // 2
    indices = np.rint(np.clip(values / extent, -1, 1) * half + half).astype(np.uint8)
    return Shaded(indices=indices, extent=float(extent))
