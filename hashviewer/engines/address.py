"""The address of an engine, as the user writes it: never with a password in it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlencode

from hashviewer.errors import EngineError

Kind = Literal["chdb", "clickhouse"]

PORT = 8123
SECURE_PORT = 8443
DATABASE = "hashviewer"
EXAMPLES = "chdb:///folder, or clickhouse://user@host:8123/database"
# a path joins slashes into one, and writes them backwards on Windows
_SCHEME = re.compile(r"(chdb):[/\\]{1,3}(.*)|(clickhouse):[/\\]{1,2}(.*)", re.DOTALL)
_SERVER = re.compile(
    r"(?:(?P<user>[^@/]*)@)?(?P<host>\[[0-9a-fA-F:]+\]|[^:/@]+)(?::(?P<port>\d+))?(?:/(?P<database>[^/]*))?/?"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Address:
    """Where an engine is.

    Attributes:
        kind: "chdb" runs within this process on a folder, "clickhouse" is a server.
        place: The folder, or the server's host name.
        database: The database that holds one pushed library.
        port: Of the server.
        user: Of the server; "" for its default user.
        cluster: The cluster's name among the server's; "" for a single server.
        secure: Whether the server is spoken to by TLS.
    """

    kind: Kind
    place: str
    database: str = DATABASE
    port: int = 0
    user: str = ""
    cluster: str = ""
    secure: bool = False

    def __str__(self) -> str:
        options = urlencode(
            [
                *([("database", self.database)] if self.kind == "chdb" and self.database != DATABASE else []),
                *([("cluster", self.cluster)] if self.cluster else []),
                *([("secure", "1")] if self.secure else []),
            ]
        )
        if self.kind == "chdb":
            text = f"chdb:///{self.place.lstrip('/')}"
        else:
            user = f"{self.user}@" if self.user else ""
            text = f"clickhouse://{user}{self.place}:{self.port}/{self.database}"
        return f"{text}?{options}" if options else text

    @property
    def server(self) -> str:
        """What to call it in a sentence, and what a password is kept for: user, host and port, or the folder."""
        if self.kind == "chdb":
            return self.place
        return f"{self.user or 'default'}@{self.place}:{self.port}"


def is_address(text: str | Path) -> bool:
    """Whether this names an engine and no file."""
    return _SCHEME.fullmatch(str(text)) is not None


def parse(text: str | Path) -> Address:
    """The address that the user wrote, or that a path was made of.

    Raises:
        EngineError: It is none; the text says what is wrong and what one looks like.
    """
    found = _SCHEME.fullmatch(str(text))
    if found is None:
        raise EngineError(f"“{text}” is no address of an engine. Write {EXAMPLES}.")
    embedded = found[1] is not None
    place, _, query = (found[2] if embedded else found[4].replace("\\", "/")).partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    return _embedded(place, options) if embedded else _server(place, options)


def _embedded(place: str, options: dict[str, str]) -> Address:
    _check(options, {"database"})
    folder = unquote(place)
    if not folder.strip("/\\"):
        raise EngineError(f"The address names no folder. Write {EXAMPLES}.")
    if not re.match(r"[A-Za-z]:", folder):
        folder = f"/{folder}"
    return Address("chdb", folder, database=_name(options.get("database", DATABASE), "database"))


def _server(place: str, options: dict[str, str]) -> Address:
    _check(options, {"cluster", "secure"})
    found = _SERVER.fullmatch(place)
    if found is None:
        raise EngineError(f"The address of the server cannot be read. Write {EXAMPLES}.")
    user = unquote(found["user"] or "")
    if ":" in user:
        raise EngineError(
            "A password does not belong in the address, where others can read it. Put it into the environment variable "
            "HASHVIEWER_ENGINE_PASSWORD, or into the keyring under “hashviewer”, and leave it out of the address."
        )
    secure = options.get("secure", "0") not in {"0", "", "false"}
    port = int(found["port"] or (SECURE_PORT if secure else PORT))
    if not 0 < port < 65536:
        raise EngineError(f"The port is {port}; ports are 1 to 65535, and {PORT} is ClickHouse's usual one.")
    return Address(
        "clickhouse",
        found["host"],
        database=_name(found["database"] or DATABASE, "database"),
        port=port,
        user=user,
        cluster=_name(options["cluster"], "cluster") if options.get("cluster") else "",
        secure=secure,
    )


def _check(options: dict[str, str], known: set[str]) -> None:
    for option in options:
        if option not in known:
            raise EngineError(
                f"The address has an option “{option}” that does not exist; there are {', '.join(sorted(known))}."
            )


def _name(name: str, what: str) -> str:
    """A name that can stand in a statement as it is."""
    if _NAME.fullmatch(name) is None:
        raise EngineError(
            f"“{name}” cannot be the name of a {what}: use letters, digits and _, and begin with a letter."
        )
    return name
