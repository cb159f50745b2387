"""Fields of smooth random numbers: the clouds, ripples, bark and rock of the sample pictures.

A few large fields are made once, by giving random waves amplitudes that fall with their frequency; they repeat
without a seam. Each picture cuts its own pieces out of them, which costs little.
"""

from enum import Enum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

EDGE = 1024

Field = NDArray[np.float32]


class Kind(Enum):
    """How fast the amplitudes of a field fall with the frequency: larger is smoother."""

    GRAIN = 0.0
    ROUGH = 0.9
    CLOUD = 1.35
    SMOOTH = 1.9


@lru_cache(maxsize=8)
def whole(kind: Kind) -> Field:
    """The field (EDGE, EDGE) of a kind: mean 0, deviation 1, seamless, the same on every machine and run."""
    rng = np.random.default_rng([2026, round(kind.value * 100)])
    waves = np.fft.rfft2(rng.standard_normal((EDGE, EDGE)))
    down = np.fft.fftfreq(EDGE)[:, None] * EDGE
    across = np.fft.rfftfreq(EDGE)[None, :] * EDGE
    frequency = np.hypot(down, across)
    frequency[0, 0] = 1
    falls = frequency**-kind.value
    if kind is not Kind.GRAIN:
        falls[frequency < 2] = 0  # a wave as long as the field would tilt every piece
    field = np.fft.irfft2(waves * falls, s=(EDGE, EDGE))
    even: Field = ((field - field.mean()) / field.std()).astype(np.float32)
    return even


def piece(
    rng: np.random.Generator,
    height: int,
    width: int,
    *,
    kind: Kind = Kind.CLOUD,
    zoom: float = 1.0,
    stretch: float = 1.0,
) -> Field:
    """A random piece (height, width) of a field, mean 0, deviation 1.

    Args:
        rng: Chooses the place.
        height: Rows, px.
        width: Columns, px.
        kind: Roughness.
        zoom: Above 1 enlarges the structures.
        stretch: Above 1 draws them out sideways, below 1 upwards.
    """
    rows = max(2, min(EDGE, round(height / zoom)))
    columns = max(2, min(EDGE, round(width / zoom / stretch)))
    top, left = (int(v) for v in rng.integers(0, EDGE, 2))
    field = whole(kind)
    cut = field[np.arange(top, top + rows) % EDGE][:, np.arange(left, left + columns) % EDGE]
    if rng.random() < 0.5:
        cut = cut[:, ::-1]
    if cut.shape != (height, width):
        cut = np.asarray(
            Image.fromarray(np.ascontiguousarray(cut)).resize((width, height), Image.Resampling.BICUBIC)
        )
    deviation = float(cut.std()) or 1.0
    even: Field = (cut - cut.mean()) / np.float32(deviation)
    return even


def line(rng: np.random.Generator, length: int, *, kind: Kind = Kind.CLOUD, zoom: float = 1.0) -> Field:
    """A random curve (length,), mean 0, deviation 1; `zoom` above 1 makes it calmer."""
    row, start = (int(v) for v in rng.integers(0, EDGE, 2))
    places = start + np.arange(length) / zoom
    whole_places = np.floor(places).astype(np.int64)
    part = (places - whole_places).astype(np.float32)
    part = part * part * (3 - 2 * part)
    values = whole(kind)[row]
    curve = values[whole_places % EDGE] * (1 - part) + values[(whole_places + 1) % EDGE] * part
    even: Field = (curve - curve.mean()) / np.float32(float(curve.std()) or 1.0)
    return even


def floor(
    rng: np.random.Generator,
    height: int,
    width: int,
    *,
    kind: Kind = Kind.CLOUD,
    size: float = 1.0,
    depth: float = 8.0,
    stretch: float = 1.0,
) -> Field:
    """A field that lies on the ground and is seen in perspective: (height, width), row 0 at the horizon.

    Args:
        rng: Chooses the place.
        height: Rows below the horizon, px.
        width: Columns, px.
        kind: Roughness.
        size: Size of the structures at the lower edge.
        depth: How many times smaller they are at the horizon.
        stretch: Above 1 draws them out sideways.
    """
    near = np.linspace(1 / depth, 1, height, dtype=np.float32)  # size of things in each row
    away = (depth - 1 / near) * height / size / 2.5
    across = (np.arange(width, dtype=np.float32) - width / 2)[None, :] / near[:, None] / size / stretch
    top, left = (int(v) for v in rng.integers(0, EDGE, 2))
    rows = (away.astype(np.int64) + top) % EDGE
    columns = (across.astype(np.int64) + left + 64 * EDGE) % EDGE
    return whole(kind)[rows[:, None], columns]
