"""The compiled kernels, loaded once for all tests of the search; kept on disk between runs."""

import numpy as np
import pytest

from hashviewer import codes as packed
from hashviewer.search import kernels


@pytest.fixture(scope="session")
def compiled():
    """The kernels are there for the tests that ask for them; `by_numpy` takes them away again."""
    kernels.load()


@pytest.fixture
def by_numpy(monkeypatch):
    """The search as it is before the kernels are loaded."""
    monkeypatch.setattr(kernels, "ready", lambda: False)


def made_codes(kind, bits, count, seed=0):
    """Codes (count, W): random; clustered as those of photos are; collapsed to few ones; or mostly duplicates."""
    rng = np.random.default_rng(seed)
    if kind == "random":
        ones = rng.random((count, bits)) < 0.5
    elif kind == "clustered":
        centres = rng.random((max(count // 50, 1), bits)) < 0.5
        ones = centres[rng.integers(0, len(centres), count)] ^ (rng.random((count, bits)) < 0.05)
    elif kind == "collapsed":
        ones = rng.random((count, bits)) < 0.01
    else:
        few = rng.random((5, bits)) < 0.5
        ones = few[rng.integers(0, 5, count)]
    return packed.pack(ones)


KINDS = ("random", "clustered", "collapsed", "duplicates")
