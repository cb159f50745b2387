"""Small tensors are computed with one thread: several would wait for one another longer than they compute."""

from collections.abc import Iterator

import pytest

from hashviewer.training.threads import threads_of_torch


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with threads_of_torch(1):
        yield
