"""Pictures that show whether two engines compute the same: seeded, photo-like in their spectrum."""

import numpy as np
from numpy.typing import NDArray

AGREEMENT = 0.005  # largest share of bits in which an engine may differ from float32 torch


def calibration_pictures(count: int, size: int) -> NDArray[np.uint8]:
    """Coloured clouds with light and edges: (count, size, size, 3) uint8, the same on every machine.

    Amplitudes fall with the frequency as they do in photos; a random half-plane of each picture is lighter, since
    networks look for edges.
    """
    generator = np.random.default_rng(20240229)
    pictures = np.empty((count, size, size, 3), np.uint8)
    fy, fx = np.meshgrid(np.fft.fftfreq(size), np.fft.rfftfreq(size), indexing="ij")
    frequency = np.maximum(np.hypot(fy, fx), 1 / size)
    y, x = np.mgrid[:size, :size] / size - 0.5
    for picture in pictures:
        noise = np.fft.rfft2(generator.normal(size=(3, size, size)))
        field = np.fft.irfft2(noise / frequency ** generator.uniform(0.8, 1.8), s=(size, size))
        field /= field.std(axis=(1, 2), keepdims=True)
        angle, offset = generator.uniform(0, 2 * np.pi), generator.uniform(-0.3, 0.3)
        edge = generator.normal(0, 50, size=(3, 1, 1)) * (x * np.cos(angle) + y * np.sin(angle) > offset)
        values = generator.uniform(60, 190, size=(3, 1, 1)) + generator.uniform(20, 60) * field + edge
        picture[:] = np.clip(values, 0, 255).astype(np.uint8).transpose(1, 2, 0)
    return pictures


def differing_share(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Share of bits in which the codes of two arrays of outputs (N, bits) differ, 0 to 1."""
    return float(((a >= 0) != (b >= 0)).mean())
