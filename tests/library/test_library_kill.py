"""A writer killed at any moment loses nothing that it reported as done, and the next one goes on."""

import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest
from library_samples import KEY, new_photo, put_codes, some_codes

from hashviewer.library import Library, LibraryWriter

BATCH = 4
Reports = list[tuple[str, int]]


def write_until_killed(folder: Path, tidies: bool, report: Connection) -> None:
    """Add batches of photos and codes; every second photo is a changed file that supersedes an earlier row."""
    with Library.open(folder) as library, LibraryWriter(library) as writer:
        while True:
            first = len(library)
            numbers = range(first, first + BATCH)
            rows = writer.add_photos([new_photo(number, path=path_of(number)) for number in numbers])
            report.send(("photos", rows.stop))
            put_codes(writer, first, some_codes(BATCH, seed=first))
            report.send(("codes", rows.stop))
            writer.mark_missing([first])
            report.send(("missing", first))
            if tidies and first // BATCH % 3 == 2:
                writer.tidy()
                report.send(("tidy", first))


def path_of(number: int) -> str:
    return f"changing/{number % 4}.jpg" if number % 2 else new_photo(number).path


def killed_after(process: BaseProcess, reports: Connection, lines: int, moment: float) -> Reports:
    """What a writer reported until it was killed `moment` seconds after `lines` reports."""
    reported = [reports.recv() for _ in range(lines)]
    process.join(moment)
    process.kill()
    while True:
        try:
            reported.append(reports.recv())
        except EOFError:
            process.join()
            return reported


def check(folder: Path, reported: Reports) -> None:
    with Library.open(folder) as library:
        assert library.damage == ()
        rows = len(library)
        assert rows % BATCH == 0
        for word, number in reported:
            if word == "photos":
                assert rows >= number
            elif word == "codes":
                span = slice(number - BATCH, number)
                expected = some_codes(BATCH, seed=number - BATCH)
                np.testing.assert_array_equal(library.codes(KEY)[0][span], expected.codes)
                np.testing.assert_array_equal(library.codes(KEY)[1][span], expected.encoded)
            elif word == "missing":
                assert library.missing[number]
        everything = library.all_paths()
        assert everything == [path_of(row) for row in range(rows)]
        last = {path: row for row, path in enumerate(everything)}
        assert np.flatnonzero(library.alive).tolist() == sorted(last.values())
        for row in range(max(rows - 9, 0), rows):
            assert library.thumbnail(row) == new_photo(row).thumbnail


def kill_and_check(folder: Path, *, tidies: bool, times: int, seed: int) -> None:
    """Kill one writer after the other on one library, each at a moment of its own."""
    Library.create(folder, root=None).close()
    moments = np.random.default_rng(seed)
    warm = multiprocessing.get_context("forkserver")  # a process with everything imported, to fork from
    warm.set_forkserver_preload(["h5py", "hashviewer.library", "library_samples"])
    for _ in range(times):
        reports, report = warm.Pipe(duplex=False)
        process = warm.Process(target=write_until_killed, args=(folder, tidies, report))
        process.start()
        report.close()
        with reports:
            lines, moment = int(moments.integers(0, 7)), float(moments.uniform(0, 0.02))
            check(folder, killed_after(process, reports, lines, moment))
    with Library.open(folder) as library, LibraryWriter(library) as writer:
        before = len(library)
        assert before > times
        assert writer.add_photos([new_photo(before)]) == range(before, before + 1)
        folders = [folder / "photos", folder / "codes" / KEY]
        assert not [part for inside in folders if inside.exists() for part in inside.glob("*.part")]


@pytest.mark.parametrize("tidies", [False, True], ids=["plain", "merging"])
def test_nothing_reported_is_lost_at_fifteen_random_kills(tmp_path: Path, tidies: bool) -> None:
    kill_and_check(tmp_path / "library", tidies=tidies, times=15, seed=1)
