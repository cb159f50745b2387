"""What is said, and what goes on, when an engine fails. The client is a fake: no server, no extra package."""

import builtins

import numpy as np
import pytest

from hashviewer.engines import parse
from hashviewer.engines.columns import numbers
from hashviewer.engines.connection import Connection
from hashviewer.engines.passwords import VARIABLE
from hashviewer.engines.trouble import LostEngineError, NothingPushedError
from hashviewer.errors import EngineError, SearchError

SERVER = "clickhouse://ada@search.example:8123/photos?cluster=four"
SECRET = "open sesame"


class ServerError(Exception):
    """As the client raises them: with the server's number of the error, or without one when nothing came back."""

    def __init__(self, text, code=None):
        super().__init__(text)
        self.code = code


class FakeClient:
    """Answers one number, or fails as told."""

    def __init__(self, failure=None):
        self.failure = failure
        self.asked = []
        self.closed = False

    def _answer(self, *what):
        self.asked.append(what)
        if self.failure is not None:
            raise self.failure
        return np.array([7], "<u8").tobytes()

    def raw_query(self, query, *, parameters, fmt):
        return self._answer(query, parameters, fmt)

    def command(self, cmd):
        return self._answer(cmd)

    def raw_insert(self, table, *, insert_block, fmt):
        return self._answer(table, insert_block, fmt)

    def close(self):
        self.closed = True


def connected(*clients, address=SERVER):
    """A connection that gets these clients, one after the other; an exception among them is a failed connect."""
    left = list(clients)

    def connect(_address, _password):
        client = left.pop(0)
        if isinstance(client, Exception):
            raise client
        return client

    return Connection(parse(address), connect=connect)


def ask(connection):
    return int(connection.rows("select toUInt64(7)", np.dtype("<u8"))[0])


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (516, EngineError, "password is wrong, or there is no such user"),
        (194, EngineError, f"Set the environment variable {VARIABLE}"),
        (497, EngineError, "may not do this in the database “photos”"),
        (60, NothingPushedError, "There is no library at"),
        (81, NothingPushedError, "hashviewer push LIBRARY"),
        (279, LostEngineError, "A part of the engine .* does not answer, so there is no whole answer"),
        (210, LostEngineError, "Ask again once every shard is up"),
        (701, EngineError, "knows no cluster “four”"),
        (241, EngineError, "too little memory"),
        (159, LostEngineError, "longer than it may"),
        (62, EngineError, r"could not answer \(its error 62\): no good"),
        (
            None,
            LostEngineError,
            "does not answer. Check the address and the network; the next question tries again",
        ),
    ],
)
def test_every_failure_is_a_sentence_that_says_what_to_do(code, kind, reason):
    connection = connected(FakeClient(ServerError("no good", code)))
    with pytest.raises(kind, match=reason):
        ask(connection)


def test_a_failing_engine_is_a_search_that_cannot_be_answered():
    with pytest.raises(SearchError):
        ask(connected(FakeClient(ServerError("gone"))))


def test_the_next_question_connects_anew_and_what_is_no_question_does_not_wait():
    lost, there = FakeClient(ServerError("connection reset")), FakeClient()
    connection = connected(lost, there)
    with pytest.raises(LostEngineError):
        ask(connection)
    assert lost.closed
    with pytest.raises(LostEngineError, match="does not answer"):  # at once, of no client
        ask(connection)
    assert (len(lost.asked), len(there.asked)) == (1, 0)
    connection.try_again()
    assert ask(connection) == 7


def test_a_server_that_cannot_be_reached_is_tried_again_by_the_next_question():
    connection = connected(ServerError("connection refused"), FakeClient())
    with pytest.raises(LostEngineError, match="connection refused"):
        ask(connection)
    with pytest.raises(LostEngineError, match="connection refused"):
        ask(connection)
    connection.try_again()
    assert ask(connection) == 7


def test_an_error_of_the_server_keeps_the_connection():
    client = FakeClient(ServerError("no good", 62))
    connection = connected(client)
    with pytest.raises(EngineError):
        ask(connection)
    client.failure = None
    assert ask(connection) == 7


def test_the_password_is_in_no_sentence_and_in_no_representation(monkeypatch, caplog):
    monkeypatch.setenv(VARIABLE, SECRET)
    given = []

    def connect(_address, password):
        given.append(password)
        raise ServerError(f"denied for ada with {SECRET}", 516)

    connection = Connection(parse(SERVER), connect=connect)
    with caplog.at_level("DEBUG"), pytest.raises(EngineError) as caught:
        ask(connection)
    assert given == [SECRET]
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(connection)
    assert SECRET not in str(connection.address)
    assert SECRET not in caplog.text
    with pytest.raises(EngineError) as lost:
        ask(Connection(parse(SERVER), connect=_refusing))
    assert SECRET not in str(lost.value)


def _refusing(_address, password):
    raise ServerError(f"cannot reach http://ada:{password}@search.example")


def test_values_travel_beside_the_statement():
    client = FakeClient()
    connected(client).ask("select {name:String}", {"name": "'; drop table x"})
    assert client.asked == [("select {name:String}", {"name": "'; drop table x"}, "RowBinary")]


def test_an_answer_that_is_cut_short_is_none():
    class Cut(FakeClient):
        def raw_query(self, query, *, parameters, fmt):
            return b"\x01\x02\x03"

    with pytest.raises(EngineError, match="something unexpected"):
        ask(connected(Cut()))
    with pytest.raises(EngineError, match="something unexpected"):
        connected(Cut()).column("select 7", "<u8")


def test_a_closed_connection_stays_closed():
    client = FakeClient()
    connection = connected(client)
    connection.insert("t", [numbers("row", "UInt64", np.arange(2))], 2)
    connection.close()
    connection.close()
    assert client.closed
    with pytest.raises(EngineError, match="closed meanwhile"):
        ask(connection)


@pytest.mark.parametrize(
    ("address", "missing", "package"),
    [
        (SERVER, "clickhouse_connect", "clickhouse-connect"),
        ("chdb:///data", "clickhouse_connect", "clickhouse-connect"),
    ],
)
def test_a_missing_package_is_named_with_the_way_to_install_it(monkeypatch, address, missing, package):
    real = builtins.__import__

    def without(name, *rest, **named):
        if name.partition(".")[0] == missing:
            raise ImportError(f"No module named {name}")
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EngineError, match=rf"the package {package}, .*pip install 'hashviewer\[cluster\]'"):
        ask(Connection(parse(address)))


def test_a_missing_embedded_engine_is_named(monkeypatch):
    client = pytest.importorskip("clickhouse_connect")

    def without(**_settings):
        raise ImportError("The chdb backend requires the chdb package.")

    monkeypatch.setattr(client, "get_client", without)
    with pytest.raises(
        EngineError, match=r"the package chdb, .*there is no chdb for Windows.*hashviewer\[cluster\]"
    ):
        ask(Connection(parse("chdb:///data")))


def test_a_second_folder_in_one_process_is_refused_in_words(connection, tmp_path):
    ask(connection)
    with pytest.raises(EngineError, match="another chdb folder open, and it can hold one only"):
        ask(Connection(parse(f"chdb://{tmp_path}/second")))
    assert ask(connection) == 7


def test_a_shard_that_is_down_must_fail_the_statement_whatever_the_server_thinks():
    from hashviewer.engines.connection import _settings

    assert _settings(parse(SERVER))["skip_unavailable_shards"] == 0
    assert _settings(parse(SERVER))["wait_end_of_query"] == 1
