"""What a push leaves at the engine, whatever happened to the one before."""

import dataclasses
import shutil

import numpy as np
import pytest
from coded_libraries import KEY, coded_library, made_codes
from made_library import KEY as TINY
from made_library import info, make_library, new_photo, values

from hashviewer import codes as packed
from hashviewer.engines import pushing, sending
from hashviewer.engines.clickhouse import ClickHouseEngine
from hashviewer.engines.notes import Notes
from hashviewer.engines.pushed import STATE, VERSION
from hashviewer.engines.pushing import push
from hashviewer.engines.schema import FORMAT, PHOTOS, Schema
from hashviewer.errors import EngineError, SearchError
from hashviewer.library import Library, LibraryWriter
from hashviewer.progress import Cancelled

ROWS = 200


@pytest.fixture(autouse=True)
def small_segments(monkeypatch):
    monkeypatch.setattr(pushing, "LEAST_SEGMENT", 64)
    monkeypatch.setattr(sending, "BATCH", 40)


@pytest.fixture
def library(tmp_path):
    made = coded_library(tmp_path / "coded", made_codes("clustered", ROWS, 64), 64)
    yield made
    made.close()


def doubles(connection, key=KEY):
    """Rows that stand more than once in the tables of a library with one code set."""
    schema = Schema(connection.address)
    counts = []
    for table, own in ((PHOTOS, "row"), (schema.codes(key), "row"), (schema.chunks(key), "(row, chunk)")):
        text = f"select count() - uniqExact({own}) as n from {schema.named(table)}"
        counts.append(int(connection.rows(text, np.dtype("<u8"))[0]))
    return counts


def same_as(engine, library, key=KEY):
    codes, encoded = library.codes(key)
    assert np.array_equal(engine.numbers("label", "<i4"), library.labels)
    assert np.array_equal(engine.numbers("alive", "u1"), library.alive)
    assert np.array_equal(engine.numbers("missing", "u1"), library.missing)
    assert np.array_equal(engine.all_codes(key)[0], codes)
    assert np.array_equal(engine.shown(key), encoded & library.alive)
    assert engine.texts("path", np.arange(len(library))) == [
        path.encode(errors="surrogateescape") for path in library.all_paths()
    ]


def test_everything_arrives_once(connection, library):
    report = push(library, connection, name="photos")
    assert (report.photos, report.sent, report.kept) == (ROWS, 2 * ROWS, 0)
    assert doubles(connection) == [0, 0, 0]
    engine = ClickHouseEngine(connection)
    same_as(engine, library)
    assert (engine.pushed.name, engine.pushed.rows) == ("photos", ROWS)
    assert engine.pushed.code_sets[KEY].info == library.code_sets[0]


def test_pushing_again_sends_nothing(connection, library):
    push(library, connection, name="photos")
    report = push(library, connection, name="photos")
    assert (report.sent, report.kept) == (0, 2 * ROWS)
    assert doubles(connection) == [0, 0, 0]


def test_progress_counts_up_to_all_rows(connection, library):
    told = []
    push(
        library,
        connection,
        name="photos",
        progress=lambda done, total=None, message="": told.append((done, total)),
    )
    assert told[-1] == (2 * ROWS, 2 * ROWS)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize("after", [1, 4, 9])
def test_a_push_that_was_stopped_goes_on_and_meanwhile_nothing_is_shown(connection, library, after):
    calls = []

    def stop(done, total=None, message=""):
        calls.append(done)
        if len(calls) > after:
            raise Cancelled

    with pytest.raises(Cancelled):
        push(library, connection, name="photos", progress=stop)
    with pytest.raises(EngineError, match=r"not all of it is there.*run “hashviewer push” again"):
        ClickHouseEngine(connection)
    report = push(library, connection, name="photos")
    assert report.sent + report.kept == 2 * ROWS
    assert report.kept >= (calls[-2] // 64) * 64 * (calls[-2] < ROWS)
    assert doubles(connection) == [0, 0, 0]
    same_as(ClickHouseEngine(connection), library)


def test_a_push_killed_within_a_segment_leaves_no_double(connection, library):
    class Killed(BaseException):
        pass

    inserted = []
    insert = connection.insert

    def failing(table, given, rows):
        insert(table, given, rows)
        inserted.append(rows)
        if len(inserted) == 7:
            raise Killed

    connection.insert = failing
    with pytest.raises(Killed):
        push(library, connection, name="photos")
    connection.insert = insert
    push(library, connection, name="photos")
    assert doubles(connection) == [0, 0, 0]
    same_as(ClickHouseEngine(connection), library)


def test_a_grown_library_sends_what_is_new_and_what_has_changed(connection, tmp_path):
    made = make_library(tmp_path)
    with Library.open(made.path) as library:
        push(library, connection, name="photos")
        features, outputs = values(100, seed=9)
        codes = packed.pack(outputs >= 0)
        with LibraryWriter(library) as writer:
            writer.add_photos([new_photo(f"new/{number}.jpg", "new", b"") for number in range(100)])
            first = len(library) - 100
            writer.add_codes(info(), first, codes, outputs, features, np.ones(100, dtype=np.bool_))
            writer.mark_missing([5])
        report = push(library, connection, name="photos")
        assert doubles(connection, TINY) == [0, 0, 0]
        same_as(ClickHouseEngine(connection), library, TINY)
        assert report.photos == first + 100
    with Library.open(made.path) as library:
        with LibraryWriter(library) as writer:
            writer.mark_missing([120])
        report = push(library, connection, name="photos")
        assert (report.sent, report.kept) == (64, 2 * (first + 100) - 64)  # one segment of the photos
        same_as(ClickHouseEngine(connection), library, TINY)


def test_rows_that_someone_has_deleted_are_sent_again(connection, library):
    push(library, connection, name="photos")
    connection.run(Schema(connection.address).drop_segment(PHOTOS, 2))
    report = push(library, connection, name="photos")
    assert report.sent == 64
    same_as(ClickHouseEngine(connection), library)


def test_another_library_is_refused_and_told_where_to_go(connection, library, tmp_path):
    push(library, connection, name="photos")
    with (
        make_other(tmp_path) as other,
        pytest.raises(EngineError, match=r"holds another library, “photos”.*_2"),
    ):
        push(other, connection, name="other")
    same_as(ClickHouseEngine(connection), library)


def make_other(tmp_path):
    made = make_library(tmp_path / "other")
    return Library.open(made.path)


def test_an_empty_library_is_pushed_and_may_grow(connection, tmp_path):
    with Library.create(tmp_path / "empty", root=tmp_path) as library:
        push(library, connection, name="empty")
        engine = ClickHouseEngine(connection)
        assert (engine.pushed.rows, dict(engine.pushed.code_sets)) == (0, {})
        features, outputs = values(3)
        with LibraryWriter(library) as writer:
            writer.add_photos([new_photo(f"{number}.jpg", "", b"") for number in range(3)])
            writer.add_codes(info(), 0, packed.pack(outputs >= 0), outputs, features, np.ones(3, np.bool_))
        push(library, connection, name="empty")
        assert engine.refresh()
        same_as(engine, library, TINY)


def add_set(library, key, sha, seed=3):
    features, outputs = values(len(library), seed=seed)
    with LibraryWriter(library) as writer:
        writer.add_codes(
            info(key=key, model_sha256=sha),
            0,
            packed.pack(outputs >= 0),
            outputs,
            features,
            np.ones(len(library), np.bool_),
        )


def test_code_sets_can_be_chosen_and_those_there_stay_up_to_date(connection, tmp_path):
    made = make_library(tmp_path)
    with Library.open(made.path) as library:
        add_set(library, "second", "cd" * 32)
        assert push(library, connection, name="p", codes=[TINY]).code_sets == (TINY,)
        assert push(library, connection, name="p", codes=["second"]).code_sets == ("second", TINY)
        with pytest.raises(SearchError, match="no code set “third”; it has second, tiny-36"):
            push(library, connection, name="p", codes=["third"])


def test_codes_of_another_model_replace_those_there(connection, tmp_path):
    made = make_library(tmp_path)
    shutil.copytree(made.path, tmp_path / "copy")
    with Library.open(made.path) as library:
        add_set(library, "second", "cd" * 32)
        push(library, connection, name="p")
    with Library.open(tmp_path / "copy") as library:
        add_set(library, "second", "ef" * 32, seed=4)
        push(library, connection, name="p")
        engine = ClickHouseEngine(connection)
        assert engine.pushed.code_sets["second"].info.model_sha256 == "ef" * 32
        same_as(engine, library, "second")
        assert doubles(connection, "second") == [0, 0, 0]
    with Library.open(made.path) as library:
        push(library, connection, name="p")
        same_as(ClickHouseEngine(connection), library, "second")


def test_a_code_set_that_is_gone_from_the_library_goes_from_the_engine(connection, tmp_path):
    made = make_library(tmp_path)
    shutil.copytree(made.path, tmp_path / "copy")
    with Library.open(made.path) as library:
        add_set(library, "second", "cd" * 32)
        push(library, connection, name="p")
    with Library.open(tmp_path / "copy") as library:
        push(library, connection, name="p")
        assert list(ClickHouseEngine(connection).pushed.code_sets) == [TINY]


def test_of_two_pushes_at_once_the_later_goes_on(connection, library):
    segments = []

    def second(done, total=None, message=""):
        segments.append(done)
        if len(segments) == 4:
            push(library, connection, name="photos")

    with pytest.raises(EngineError, match=r"Another push.*has begun"):
        push(library, connection, name="photos", progress=second)
    same_as(ClickHouseEngine(connection), library)
    assert doubles(connection) == [0, 0, 0]


def test_what_a_newer_program_has_pushed_is_refused(connection, library):
    push(library, connection, name="photos")
    notes = Notes(connection, Schema(connection.address))
    notes.read()
    notes.put({VERSION: str(FORMAT + 1)})
    with pytest.raises(EngineError, match="pushed by a newer HashViewer"):
        ClickHouseEngine(connection)
    with pytest.raises(EngineError, match="pushed by a newer HashViewer"):
        push(library, connection, name="photos")


def test_where_nothing_was_pushed_is_said_so(connection):
    with pytest.raises(EngineError, match=r"There is no library at chdb:.*hashviewer push"):
        ClickHouseEngine(connection)


def test_an_answer_during_a_push_is_no_answer(connection, library):
    push(library, connection, name="photos")
    engine = ClickHouseEngine(connection)
    code = library.codes(KEY)[0][0]
    notes = Notes(connection, Schema(connection.address))
    notes.read()
    notes.put({STATE: "pushing"})
    with pytest.raises(EngineError, match="being pushed"):
        engine.nearest(code, codes=KEY, k=5, radius=None)
    push(library, connection, name="photos")
    with pytest.raises(EngineError, match="anew since it was opened"):
        engine.nearest(code, codes=KEY, k=5, radius=None)
    engine.refresh()
    assert engine.nearest(code, codes=KEY, k=1, radius=None).distances.tolist() == [0]


def test_an_engine_that_lost_rows_answers_nothing(connection, library):
    push(library, connection, name="photos")
    engine = ClickHouseEngine(connection)
    schema = Schema(connection.address)
    connection.run(schema.drop_segment(schema.codes(KEY), 1))
    code = library.codes(KEY)[0][0]
    for ask in (
        lambda: engine.nearest(code, codes=KEY, k=5, radius=None),
        lambda: engine.within(code, codes=KEY, radius=2),
        lambda: engine.distances(code, codes=KEY),
        lambda: engine.buckets(code, codes=KEY, radius=2),
        lambda: engine.bit_statistics(KEY),
        lambda: engine.codes_of(KEY, np.array([70])),
    ):
        with pytest.raises(EngineError, match=r"136 rows .* answer where 200 were pushed"):
            ask()


def test_a_code_set_as_pushed_says_what_made_it(connection, library):
    push(library, connection, name="photos")
    there = ClickHouseEngine(connection).pushed.code_sets[KEY].info
    assert dataclasses.asdict(there) == dataclasses.asdict(library.code_sets[0])
