import threading

import pytest

from hashviewer.networks import find_model


@pytest.fixture(scope="session")
def model():
    return find_model("photos-64")


@pytest.fixture(autouse=True)
def no_thread_is_left_behind():
    before = set(threading.enumerate())
    yield
    left = [
        thread
        for thread in threading.enumerate()
        if thread not in before and thread.name.startswith(("decode", "encode", "query", "stop"))
    ]
    assert left == []
