"""What has been pushed to an engine: the library, its code sets, and whether all of it is there."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from hashviewer.engines.address import Address
from hashviewer.engines.connection import Connection
from hashviewer.engines.notes import Notes
from hashviewer.engines.schema import FORMAT, Schema
from hashviewer.engines.trouble import NothingPushedError, nothing_there
from hashviewer.errors import EngineError
from hashviewer.library import CodeSetInfo, Library

# names of the notes
VERSION = "format"
STATE = "state"
GENERATION = "generation"
LIBRARY = "library"
CODE_SET = "codes "

WHOLE = "whole"
UNDER_WAY = "pushing"


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells two libraries apart, wherever they lie: when a library was made, and its first photo."""

    created: str
    first: str

    @classmethod
    def of(cls, library: Library) -> "Identity":
        """The identity of a library."""
        if not len(library):
            return cls(library.created, "")
        photo = library.photo(0)
        first = photo.content or photo.path  # the path may change
        return cls(library.created, first.encode(errors="surrogateescape").hex())

    def fits(self, other: "Identity") -> bool:
        """Whether they are of one library, which may have been empty then."""
        return self.created == other.created and (
            self.first == other.first or not self.first or not other.first
        )


@dataclass(frozen=True, slots=True)
class PushedCodes:
    """A code set at an engine.

    Attributes:
        info: As in the library.
        shown: How many rows queries can find.
    """

    info: CodeSetInfo
    shown: int


@dataclass(frozen=True, slots=True)
class Pushed:
    """A whole library at an engine.

    Attributes:
        generation: Counts the pushes; another one means other rows.
        rows: Photos, counted from 0 without gaps.
        segment: Rows of a partition.
        identity: Of the library.
        name: What the user calls it.
        path: Where the library was.
        root: The folder that its photos were in; "" if they were in none.
        url: The URL that its photos were behind; "" if they were behind none.
        label_names: Of the labels that its rows count.
        code_sets: By key.
    """

    generation: int
    rows: int
    segment: int
    identity: Identity
    name: str
    path: str
    root: str
    url: str
    label_names: tuple[str, ...]
    code_sets: Mapping[str, PushedCodes]

    def notes(self) -> dict[str, str]:
        """The notes that describe it."""
        library = {
            "rows": self.rows,
            "segment": self.segment,
            "created": self.identity.created,
            "first": self.identity.first,
            "name": self.name,
            "path": self.path,
            "root": self.root,
            "url": self.url,
            "label_names": list(self.label_names),
        }
        sets = {
            note_of(key): json.dumps({**asdict(each.info), "shown": each.shown})
            for key, each in self.code_sets.items()
        }
        return {VERSION: str(FORMAT), LIBRARY: json.dumps(library), **sets}


def read_pushed(connection: Connection) -> Pushed:
    """What is at an engine.

    Raises:
        NothingPushedError: Nothing is.
        EngineError: A push has not come to its end, or a newer program has pushed.
    """
    notes = Notes(connection, Schema(connection.address))
    notes.read()
    check_format(notes, connection.address)
    if LIBRARY not in notes:
        raise NothingPushedError(nothing_there(connection.address))
    found = described(notes)
    if notes.get(STATE) != WHOLE:
        raise EngineError(half_pushed(connection.address, found))
    return found


def described(notes: Notes) -> Pushed:
    """The library that notes describe; they must hold one."""
    told = json.loads(notes.get(LIBRARY))
    sets = {}
    for text in notes.starting_with(CODE_SET).values():
        fields = json.loads(text)
        shown = int(fields.pop("shown"))
        weights = tuple(fields.pop("bit_weights", ()))
        info = CodeSetInfo(**fields, bit_weights=weights)
        sets[info.key] = PushedCodes(info, shown)
    return Pushed(
        generation=int(notes.get(GENERATION) or 0),
        rows=int(told["rows"]),
        segment=int(told["segment"]),
        identity=Identity(told["created"], told["first"]),
        name=told["name"],
        path=told["path"],
        root=told["root"],
        url=told["url"],
        label_names=tuple(told["label_names"]),
        code_sets=dict(sorted(sets.items())),
    )


def check_format(notes: Notes, address: Address) -> None:
    """Refuse what a newer program has pushed."""
    version = notes.get(VERSION)
    if version and int(version) > FORMAT:
        raise EngineError(
            f"The library at {address} was pushed by a newer HashViewer (format {version}; this one reads {FORMAT}). Update "
            "HashViewer, or push the library again with this one into another database."
        )


def half_pushed(address: Address, pushed: Pushed) -> str:
    """The sentence for a push that has not come to its end."""
    return (
        f"“{pushed.name}” is being pushed to {address}, or a push was stopped midway: not all of it is there, so nothing is "
        "shown. Wait until the push has ended, or run “hashviewer push” again: it goes on where it stopped."
    )


def note_of(key: str) -> str:
    """The name of the note about a code set; its key may have bytes that are no UTF-8."""
    return CODE_SET + key.encode(errors="surrogateescape").hex()
