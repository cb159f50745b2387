"""The indexing process, watched from outside. Its engine is arithmetic: a `sitecustomize` puts it in place."""

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from encoding_fakes import make_photos, picture_bytes

from hashviewer.encoding import index_in_child, messages
from hashviewer.encoding.child import command, environment
from hashviewer.errors import CheckpointError, EncodingError, LibraryError
from hashviewer.images import read_list
from hashviewer.library import Library
from hashviewer.progress import Cancelled

FAKE = """
import ctypes, os, signal, sys
if "hashviewer.encoding" in sys.orig_argv and "queries" not in sys.orig_argv:
    sys.path.insert(0, {tests!r})
    import hashviewer.encoding.indexing as indexing
    import hashviewer.encoding.pipeline as pipeline
    from encoding_fakes import ArithmeticEngine
    indexing.open_engine = lambda model, **_: ArithmeticEngine()
    real = pipeline.decode
    def decode(data, preprocessing):
        if b"deadly" in data:
            ctypes.string_at(0)
        return real(data, preprocessing)
    pipeline.decode = decode
    {more}
"""


@pytest.fixture
def fake_engine(tmp_path, monkeypatch):
    """Children of this test compute instead of running a network; `fake_engine(more)` adds code to them."""
    place = tmp_path / "site"
    place.mkdir()

    def write(more=""):
        text = FAKE.format(tests=str(Path(__file__).parent), more=more)
        (place / "sitecustomize.py").write_text(text)

    write()
    monkeypatch.setenv("PYTHONPATH", str(place))
    return write


@pytest.fixture
def photos(tmp_path):
    make_photos(tmp_path / "photos", 40)
    return tmp_path / "photos"


def paths_of(library_path):
    with Library.open(library_path) as library:
        living = np.flatnonzero(library.alive)
        assert library.codes("photos-64")[1][living].all()
        return {library.path_of(row) for row in living}


def deadly_file(folder, name):
    """A JPEG that kills the process that decodes it, as a faulty decoder would."""
    data = picture_bytes(1)
    (folder / name).write_bytes(data[:2] + b"\xff\xfe\x00\x08deadly" + data[2:])


def test_a_folder_is_indexed_in_a_child_that_tells_how_far_it_is(photos, tmp_path, model, fake_engine):
    told, committed = [], []
    report = index_in_child(
        photos,
        tmp_path / "lib",
        model=model,
        progress=lambda done, total=None, message="": told.append((done, total)),
        on_committed=committed.append,
    )
    assert (report.added, report.cancelled) == (40, False)
    assert sum(committed) == 40
    assert (40, 40) in told
    assert len(paths_of(tmp_path / "lib")) == 40


def test_a_list_is_indexed_in_a_child(photos, tmp_path, model, fake_engine):
    wanted = sorted(path.relative_to(photos) for path in photos.rglob("*.jpg"))[:7]
    listed = read_list("\n".join(map(str, wanted)).encode(), photos)
    report = index_in_child(listed, tmp_path / "lib", model=model)
    assert report.added == 7
    assert paths_of(tmp_path / "lib") == set(map(str, wanted))


def test_a_decoder_that_kills_its_process_costs_the_file_only(photos, tmp_path, model, fake_engine):
    deadly_file(photos, "beach/deadly-1.jpg")
    deadly_file(photos, "town/deadly-2.jpg")
    report = index_in_child(photos, tmp_path / "lib", model=model)
    assert (report.added, report.problems) == (40, 2)
    with Library.open(tmp_path / "lib") as library:
        assert {p.path: "crashed" in p.reason for p in library.problems()} == {
            "beach/deadly-1.jpg": True,
            "town/deadly-2.jpg": True,
        }
    again = index_in_child(photos, tmp_path / "lib", model=model)
    assert (again.added, again.unchanged, again.problems) == (0, 40, 2)


def test_a_process_that_dies_without_reason_is_given_up_with_an_error(photos, tmp_path, model, fake_engine):
    fake_engine("indexing.open_engine = lambda model, **_: os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(EncodingError, match=r"died again and again \(SIGKILL\)"):
        index_in_child(photos, tmp_path / "lib", model=model)


def test_cancelling_tells_the_child_to_stop_and_keeps_what_is_done(tmp_path, model, fake_engine):
    make_photos(tmp_path / "photos", 400)

    def progress(done, total=None, message=""):
        if done >= 5 and total is not None:
            raise Cancelled

    first = index_in_child(tmp_path / "photos", tmp_path / "lib", model=model, progress=progress)
    assert first.cancelled
    assert len(paths_of(tmp_path / "lib")) == first.added >= 5
    second = index_in_child(tmp_path / "photos", tmp_path / "lib", model=model)
    assert first.added + second.added == 400


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"model": "missing.safetensors"}, CheckpointError, "missing"),
        ({"library": "photos/beach"}, LibraryError, "holds other files"),
    ],
)
def test_errors_of_the_child_arrive_as_they_are(
    photos, tmp_path, model, fake_engine, arguments, error, words
):
    library = tmp_path / arguments.get("library", "lib")
    checkpoint = tmp_path / arguments["model"] if "model" in arguments else model
    with pytest.raises(error, match=words):
        index_in_child(photos, library, model=checkpoint)


def start_child(photos, library, model):
    words = ["index", "--folder", str(photos), "--library", str(library), "--model", str(model)]
    return subprocess.Popen(
        command(*words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), bufsize=0
    )


def ended(child):
    with child:
        child.stdin.close()
        return child.wait(30)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("how", ["line", "end of input", "SIGINT", "SIGTERM"])
def test_the_child_stops_when_told_and_reports(tmp_path, model, fake_engine, how):
    make_photos(tmp_path / "photos", 300)
    child = start_child(tmp_path / "photos", tmp_path / "lib", model)
    output = child.stdout
    told = messages.read(output)
    while told.event != "progress" or told.fields["done"] < 3 or told.fields["total"] is None:
        told = messages.read(output)
    if how == "line":
        child.stdin.write(b"stop\n")
    elif how == "end of input":
        child.stdin.close()
    else:
        child.send_signal(getattr(signal, how))
    while told.event != "done":
        told = messages.read(output)
    assert told.fields["cancelled"]
    assert ended(child) == 0
    assert len(paths_of(tmp_path / "lib")) == told.fields["added"]


def test_the_child_does_not_wait_for_an_engine_that_is_slow_to_start(photos, tmp_path, model, fake_engine):
    fake_engine("import threading; indexing.open_engine = lambda model, **_: threading.Event().wait(600)")
    child = start_child(photos, tmp_path / "lib", model)
    told = messages.read(child.stdout)
    while told.fields.get("message") != "Preparing the network":
        told = messages.read(child.stdout)
    assert ended(child) == 0
    with Library.open(tmp_path / "lib") as library:
        assert len(library) == 0


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_kill_at_any_moment_loses_nothing_that_was_reported(tmp_path, model, fake_engine):
    fake_engine(
        "import hashviewer.encoding.committing as committing\n    committing._PAUSES = ()\n"
        "    committing._LONGEST_PAUSE = 0.02"
    )
    photos, library = tmp_path / "photos", tmp_path / "lib"
    make_photos(photos, 400)
    generator = random.Random(7)
    durable = kills = 0
    for _ in range(8):
        child = start_child(photos, library, model)
        kill = generator.randrange(1, 4)  # after so many segments, and a random moment later
        seen = 0
        while (told := messages.read(child.stdout)) is not None and told.event != "done":
            durable += told.fields["rows"] if told.event == "committed" else 0
            seen += told.event == "committed"
            if seen >= kill:
                threading.Event().wait(generator.uniform(0, 0.03))
                child.kill()
                kills += 1
                kill = sys.maxsize
        ended(child)
        if library.exists():
            with Library.open(library) as opened:
                assert len(opened) >= min(durable, 400)
    assert kills >= 5
    report = index_in_child(photos, library, model=model)
    assert len(paths_of(library)) == 400
    assert report.problems == 0


def test_a_photo_that_was_only_in_flight_when_the_process_was_killed_is_not_blamed(
    photos, tmp_path, model, fake_engine
):
    """As when memory runs out: the process is killed once, in the midst of decoding."""
    fake_engine(
        "def killed_once(data, preprocessing):\n"
        "        try:\n"
        f"            os.close(os.open({str(tmp_path / 'killed')!r}, os.O_CREAT | os.O_EXCL))\n"
        "        except FileExistsError:\n"
        "            return real(data, preprocessing)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    pipeline.decode = killed_once"
    )
    report = index_in_child(photos, tmp_path / "lib", model=model)
    assert (tmp_path / "killed").exists()
    assert (report.added, report.problems) == (40, 0)
