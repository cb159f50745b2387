"""A database of its own for each test, in the one embedded engine of all tests."""

import itertools

import pytest

from hashviewer.engines import parse
from hashviewer.engines.connection import Connection

_numbers = itertools.count()


@pytest.fixture
def address(engine_folder):
    """The address of an empty database."""
    return f"chdb://{engine_folder}?database=test_{next(_numbers)}"


@pytest.fixture
def connection(address):
    made = Connection(parse(address))
    yield made
    made.close()
