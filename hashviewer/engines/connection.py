"""The one connection to an engine: statements with values beside them, never within their text."""

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from hashviewer.engines import columns
from hashviewer.engines.address import Address
from hashviewer.engines.columns import Column
from hashviewer.engines.passwords import password_for
from hashviewer.engines.trouble import LostEngineError, in_words
from hashviewer.errors import EngineError

T = TypeVar("T")
Value = str | int | float | Sequence[int]
Values = Mapping[str, Value]

NONE: Values = {}
CONNECT_SECONDS = 5
ANSWER_SECONDS = 600
LONGEST_STATEMENT = 1 << 30  # bytes: a filter of many rows is part of what a shard is sent


class Client(Protocol):
    """What is needed of a client of `clickhouse_connect`."""

    def raw_query(self, query: str, *, parameters: dict[str, Any], fmt: str) -> bytes:
        """Ask a statement."""

    def command(self, cmd: str) -> object:
        """Run a statement that answers nothing."""

    def raw_insert(self, table: str, *, insert_block: bytes, fmt: str) -> object:
        """Insert rows."""

    def close(self) -> None:
        """Let the connection go."""


Connect = Callable[[Address, str], Client]


class Connection:
    """A connection that is made when it is first needed, and after it was lost at the user's next question.

    Until then everything fails at once with the same sentence, so that nothing waits for a server that is gone. Safe to
    use from many threads; an embedded engine answers one question at a time.

    Attributes:
        address: Where the engine is.
    """

    def __init__(self, address: Address, *, connect: Connect | None = None) -> None:
        self.address = address
        self._connect = connect or _connected
        self._password = password_for(address)
        self._lock = threading.Lock()  # guards the client, not its use
        self._client: Client | None = None
        self._lost: EngineError | None = None
        self._closed = False

    def try_again(self) -> None:
        """The user asks a question: connect anew if the connection was lost."""
        with self._lock:
            self._lost = None

    def ask(self, statement: str, values: Values = NONE, *, form: str = "RowBinary") -> bytes:
        """The answer to a statement, in one of ClickHouse's formats.

        Args:
            statement: With ``{name:Type}`` where a value belongs.
            values: The values by name.
            form: The format.

        Raises:
            EngineError: There is no whole answer; the text says why.
        """
        return self._use(lambda client: client.raw_query(statement, parameters=dict(values), fmt=form))

    def rows(self, statement: str, kinds: np.dtype[Any], values: Values = NONE) -> NDArray[Any]:
        """The answer as rows (n,) of fixed-size values of a structured type."""
        data = self.ask(statement, values)
        try:
            return columns.read_rows(data, kinds)
        except ValueError as error:
            raise self._unexpected(error) from error

    def column(self, statement: str, kind: str, values: Values = NONE) -> NDArray[Any]:
        """The answer as one column of fixed-size values: (n,)."""
        data = self.ask(statement, values, form="Native")
        try:
            return columns.read_column(data, np.dtype(kind))
        except (ValueError, IndexError) as error:
            raise self._unexpected(error) from error

    def run(self, statement: str) -> None:
        """Run a statement that changes something."""
        self._use(lambda client: client.command(statement))

    def insert(self, table: str, given: Sequence[Column], rows: int) -> None:
        """Add rows to a table; when it returns they are stored."""
        data = columns.block(given, rows)
        self._use(lambda client: client.raw_insert(table, insert_block=data, fmt="Native"))

    def close(self) -> None:
        """Let the engine go, for good."""
        with self._lock:
            client, self._client = self._client, None
            self._closed = True
        _let_go(client)

    def _unexpected(self, error: Exception) -> EngineError:
        return EngineError(
            f"The engine at {self.address} answered something unexpected ({error}): it may be of another version, or be written "
            "to. Ask again."
        )

    def _use(self, work: Callable[[Client], T]) -> T:
        client = self._present()
        try:
            return work(client)
        except Exception as error:  # noqa: BLE001 - the client passes on whatever its transport raises
            meant = in_words(error, self.address, password=self._password)
            if isinstance(meant, LostEngineError):
                self._lose(client, meant)
            raise meant from self._cause(error)

    def _present(self) -> Client:
        with self._lock:
            if self._closed:
                raise EngineError("The library has been closed meanwhile: open it and ask again.")
            if self._lost is not None:
                raise type(self._lost)(*self._lost.args)
            if self._client is None:
                self._client = self._made()
            return self._client

    def _made(self) -> Client:
        try:
            return self._connect(self.address, self._password)
        except EngineError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            meant = in_words(error, self.address, password=self._password)
            self._lost = meant if isinstance(meant, LostEngineError) else None
            raise meant from self._cause(error)

    def _cause(self, error: Exception) -> Exception | None:
        """What the log may tell of an error: nothing if it has the password in it."""
        return None if self._password and self._password in str(error) else error

    def _lose(self, client: Client, meant: EngineError) -> None:
        with self._lock:
            if self._client is not client:
                return
            self._client, self._lost = None, meant
        _let_go(client)


def _let_go(client: Client | None) -> None:
    if client is not None:
        with contextlib.suppress(Exception):  # whatever it was, it is over
            client.close()


def _settings(address: Address) -> dict[str, Any]:
    """Settings of every statement."""
    settings: dict[str, Any] = {"max_query_size": LONGEST_STATEMENT}
    if address.kind == "clickhouse":
        settings["wait_end_of_query"] = 1  # a failure midway must come as one, not as the end of an answer
    if address.cluster:
        settings["skip_unavailable_shards"] = (
            0  # a shard that is down fails the statement, whatever the server's default
        )
        settings["insert_distributed_sync"] = 1  # what an insert has accepted is on its shard
    return settings


def _connected(address: Address, password: str) -> Client:
    """A client of `clickhouse_connect`.

    Raises:
        EngineError: It, or the embedded engine, is not installed.
    """
    try:
        import clickhouse_connect

        logging.getLogger("clickhouse_connect").setLevel(
            logging.CRITICAL
        )  # what it says of errors is told in words
    except ImportError as error:
        raise EngineError(missing_extra("clickhouse-connect")) from error
    try:
        client: Client = (
            clickhouse_connect.get_client(interface="chdb", path=address.place, settings=_settings(address))
            if address.kind == "chdb"
            else clickhouse_connect.get_client(
                host=address.place.strip("[]"),
                port=address.port,
                username=address.user or "default",
                password=password,
                secure=address.secure,
                settings=_settings(address),
                connect_timeout=CONNECT_SECONDS,
                send_receive_timeout=ANSWER_SECONDS,
                autogenerate_session_id=False,  # so that several threads can ask at once
            )
        )
    except ImportError as error:
        raise EngineError(missing_extra("chdb")) from error
    return client


def missing_extra(what: str) -> str:
    """The sentence for a package that is not installed."""
    where = " (there is no chdb for Windows: use a clickhouse:// address there)" if what == "chdb" else ""
    return (
        f"Engines need the package {what}, which is not installed{where}. Install it with "
        "“pip install 'hashviewer[cluster]'” and try again."
    )
