"""Copying a library to an engine. A push that was stopped or killed goes on; a library that has grown adds what is new."""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from hashviewer.engines.address import Address
from hashviewer.engines.chunks import CHUNKS, chunks
from hashviewer.engines.connection import Connection
from hashviewer.engines.library import EngineLibrary
from hashviewer.engines.notes import Notes
from hashviewer.engines.outgoing import Outgoing, OutgoingCodes
from hashviewer.engines.pushed import (
    GENERATION,
    LIBRARY,
    STATE,
    UNDER_WAY,
    WHOLE,
    Identity,
    Pushed,
    check_format,
    described,
    note_of,
)
from hashviewer.engines.schema import PHOTOS, Schema
from hashviewer.engines.sending import PUSHER, SEGMENT, Part, Sender, Table
from hashviewer.errors import EngineError, SearchError
from hashviewer.library import CodeSetInfo, Library
from hashviewer.progress import Progress, silent

LEAST_SEGMENT = 65_536  # rows
SEGMENTS = 64  # at most so many for the rows that the first push finds


@dataclass(frozen=True, slots=True)
class PushReport:
    """What a push has done.

    Attributes:
        photos: Rows of the library.
        code_sets: Keys of the code sets that are at the engine now.
        sent: Rows sent, over all tables.
        kept: Rows that were there already.
        seconds: How long it took.
    """

    photos: int
    code_sets: tuple[str, ...]
    sent: int
    kept: int
    seconds: float


def push(
    library: Library,
    connection: Connection,
    *,
    name: str,
    codes: Sequence[str] = (),
    progress: Progress = silent,
) -> PushReport:
    """Copy a library's codes, labels, dates, paths and states to an engine, or bring them up to date there.

    Args:
        library: The library.
        connection: To the engine.
        name: What the user calls the library.
        codes: Keys of the code sets; none for all. Those pushed earlier are brought up to date as well.
        progress: Told the rows that are done; may stop it, and the next push goes on.

    Raises:
        EngineError: The engine holds another library, or does not answer.
        SearchError: The library has no such code set.
    """
    _refuse_an_engine(library)
    started = time.perf_counter()
    progress(0, None, "Reading the library")
    schema = Schema(connection.address)
    notes = Notes(connection, schema)
    before = _present(connection, schema, notes, library)
    outgoing = Outgoing(library, _keys(library, codes, before))
    pushed = outgoing.described(
        name=name,
        segment=_segment_for(outgoing.rows) if before is None else before.segment,
        generation=1 if before is None else before.generation + 1,
    )
    me = uuid.uuid4().hex
    notes.put({**pushed.notes(), GENERATION: str(pushed.generation), STATE: UNDER_WAY, PUSHER: me})
    _make_tables(connection, schema, notes, pushed, before)
    tables = _tables(schema, outgoing)
    sender = Sender(
        connection,
        notes,
        me=me,
        rows=outgoing.rows,
        segment=pushed.segment,
        tables=len(tables),
        progress=progress,
    )
    for table in tables:
        sender.bring_up_to_date(table)
    for table in tables:
        sender.check(table)
    notes.put({STATE: WHOLE})
    seconds = time.perf_counter() - started
    return PushReport(outgoing.rows, tuple(outgoing.code_sets), sender.sent, sender.kept, seconds)


def _refuse_an_engine(library: Library) -> None:
    if isinstance(library, EngineLibrary):
        raise EngineError(
            f"{library.engine.address} is an engine itself. Push the library that it has its photos from: "
            f"{library.engine.pushed.path}."
        )


def _present(connection: Connection, schema: Schema, notes: Notes, library: Library) -> Pushed | None:
    """What earlier pushes have left; None for nothing."""
    for statement in (schema.database, *schema.notes()):
        connection.run(statement)
    notes.read()
    check_format(notes, connection.address)
    if LIBRARY not in notes:
        return None
    before = described(notes)
    if not before.identity.fits(Identity.of(library)):
        address = connection.address
        raise EngineError(
            f"The database “{address.database}” at {address.server} holds another library, “{before.name}”. Push this one "
            f"into a database of its own: {_elsewhere(address)}."
        )
    return before


def _keys(library: Library, wanted: Sequence[str], before: Pushed | None) -> list[str]:
    """The code sets to send: those asked for, or all; and those that are there."""
    known = [info.key for info in library.code_sets]
    for key in wanted:
        if key not in known:
            raise SearchError(
                f"This library has no code set “{key}”; it has {', '.join(known) or 'none yet'}."
            )
    there = () if before is None else tuple(before.code_sets)
    return [key for key in known if not wanted or key in wanted or key in there]


def _make_tables(
    connection: Connection, schema: Schema, notes: Notes, pushed: Pushed, before: Pushed | None
) -> None:
    """Make the tables that are needed, after those that no longer fit have been taken away."""
    for key, codes in ({} if before is None else before.code_sets).items():
        new = pushed.code_sets.get(key)
        if new is None or not same_model(codes.info, new.info):
            gone = {
                f"{SEGMENT}{name}": ""
                for name in notes.starting_with(SEGMENT)
                if name.startswith(schema.codes(key))
            }
            notes.put({**gone, **({note_of(key): ""} if new is None else {})} or {STATE: UNDER_WAY})
            for statement in schema.drop_code_set(key):
                connection.run(statement)
    for statement in schema.photos(pushed.segment):
        connection.run(statement)
    for key, codes in pushed.code_sets.items():
        for statement in schema.code_set(key, codes.info.bits, pushed.segment):
            connection.run(statement)


def same_model(a: CodeSetInfo, b: CodeSetInfo) -> bool:
    """Whether two code sets were made by the same model from pictures prepared alike, so that their codes compare."""
    return (a.bits, a.model_sha256, a.preprocessing) == (b.bits, b.model_sha256, b.preprocessing)


def _tables(schema: Schema, outgoing: Outgoing) -> list[Table]:
    tables = [Table((Part(PHOTOS, _every),), outgoing.photos)]
    for key, each in outgoing.code_sets.items():
        parts = [Part(schema.codes(key), _every)]
        if chunks(each.info.bits):
            parts.append(Part(schema.chunks(key), _chunked(each), parted=False))
        tables.append(Table(tuple(parts), partial(outgoing.codes, key)))
    return tables


def _every(start: int, stop: int) -> int:
    return stop - start


def _chunked(codes: OutgoingCodes) -> Callable[[int, int], int]:
    return lambda start, stop: CHUNKS * int(np.count_nonzero(codes.encoded[start:stop]))


def _segment_for(rows: int) -> int:
    """Rows of a segment: a power of two, so that the first push makes at most `SEGMENTS` of them."""
    segment = LEAST_SEGMENT
    while segment * SEGMENTS < rows:
        segment *= 2
    return segment


def _elsewhere(address: Address) -> str:
    return str(replace(address, database=f"{address.database}_2"))
