"""One embedded engine for all tests, as a process can hold one folder only; each test has a database of its own."""

import itertools

import pytest

from hashviewer.engines import parse
from hashviewer.engines.connection import Connection

_numbers = itertools.count()


@pytest.fixture(scope="session")
def engine_folder(tmp_path_factory):
    pytest.importorskip("clickhouse_connect", reason="needs the extra “cluster”")
    pytest.importorskip("chdb", reason="needs the extra “cluster”")
    return tmp_path_factory.mktemp("engine")


@pytest.fixture
def address(engine_folder):
    """The address of an empty database."""
    return f"chdb://{engine_folder}?database=test_{next(_numbers)}"


@pytest.fixture
def connection(address):
    made = Connection(parse(address))
    yield made
    made.close()
