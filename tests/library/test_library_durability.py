"""What a writer reports as done has reached the disk, in the order that survives a power cut."""

import os
from pathlib import Path

import pytest
from library_samples import new_photo, put_codes, put_photos, some_codes

from hashviewer.library import Library, LibraryWriter

Events = list[tuple[str, str]]


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Events:
    """Flushes and renames as they happen, with the name of the file or folder."""
    seen: Events = []
    replace = Path.replace

    def flush(handle: int) -> None:
        seen.append(("flush", Path(f"/proc/self/fd/{handle}").readlink().name))

    def rename(path: Path, target: Path) -> Path:
        seen.append(("rename", path.name))
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(Path, "replace", rename)
    return seen


@pytest.mark.skipif(
    not Path("/proc/self/fd").is_dir(), reason="open files cannot be told by their numbers here"
)
def test_segments_are_flushed_then_renamed_then_their_folder_is_flushed(
    tmp_path: Path, events: Events
) -> None:
    with Library.create(tmp_path / "library", root=None) as library, LibraryWriter(library) as writer:
        put_photos(writer, 2)
        events.clear()
        writer.add_photos([new_photo(2), new_photo(3)])
        part = "0000000002-0000000003.h5.part"
        assert events == [("flush", part), ("rename", part), ("flush", "photos")]
        events.clear()
        put_codes(writer, 2, some_codes(2))
        part = "00000002.h5.part"
        assert events == [("flush", part), ("rename", part), ("flush", "photos-20")]
        events.clear()
        writer.tidy()
        part = "0000000000-0000000003.h5.part"
        assert events[:3] == [("flush", part), ("rename", part), ("flush", "photos")]


def test_what_the_user_sets_is_synced_fully_and_what_a_scan_finds_is_not(tmp_path: Path) -> None:
    statements: list[str] = []
    with Library.create(tmp_path / "library", root=None) as library, LibraryWriter(library) as writer:
        put_photos(writer, 2)
        library.database._connection.set_trace_callback(statements.append)
        library.set_setting("a", "b")
        assert [text for text in statements if "synchronous" in text] == ["PRAGMA synchronous=FULL"]
        statements.clear()
        writer.mark_missing([1])
        assert [text for text in statements if "synchronous" in text] == ["PRAGMA synchronous=NORMAL"]
        assert statements.count("COMMIT") == 1
        library.database._connection.set_trace_callback(None)
