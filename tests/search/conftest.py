"""The compiled kernels, loaded once for all tests of the search; kept on disk between runs."""

import pytest

from hashviewer.search import kernels


@pytest.fixture(scope="session")
def compiled():
    """The kernels are there for the tests that ask for them; `by_numpy` takes them away again."""
    kernels.load()


@pytest.fixture
def by_numpy(monkeypatch):
    """The search as it is before the kernels are loaded."""
    monkeypatch.setattr(kernels, "ready", lambda: False)
