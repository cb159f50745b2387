"""Writing the result where the user asked, all or nothing, and nowhere else.

What is written stands beside its place under a name that ends in ``.part`` and gets its own name when it is
complete. Nothing that exists is replaced unless that is asked for, and then only an earlier export.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hashviewer.errors import ExportError
from hashviewer.export.earlier import is_earlier_file, stranger_in
from hashviewer.images import SUFFIXES
from hashviewer.library import Library


@contextlib.contextmanager
def new_file(output: Path, library: Library, *, force: bool) -> Iterator[BinaryIO]:
    """A file to write into that becomes `output` when the block ends, and vanishes when it fails.

    Raises:
        ExportError: `output` may not be written; the text says why.
    """
    _check_place(output, library)
    _check_file(output, force=force)
    part = _part(output)
    try:
        with _in_words(output):
            descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
            with os.fdopen(descriptor, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            _check_file(output, force=force)
            part.replace(output)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(output: Path, library: Library, *, force: bool) -> Iterator[Path]:
    """An empty folder to fill that becomes `output` when the block ends, and vanishes when it fails.

    Raises:
        ExportError: `output` may not be written; the text says why.
    """
    _check_place(output, library)
    _check_folder(output, force=force)
    part = _part(output)
    try:
        with _in_words(output):
            part.mkdir()
            yield part
            _check_folder(output, force=force)
            _replace_folder(output, part)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _replace_folder(output: Path, part: Path) -> None:
    old = output.with_name(f".{output.name}.{os.getpid()}.old")
    if output.exists():
        output.rename(old)
    try:
        part.rename(output)
    except OSError:
        if old.exists():
            old.rename(output)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _part(output: Path) -> Path:
    return output.with_name(f".{output.name}.{os.getpid()}.part")


def _check_place(output: Path, library: Library) -> None:
    if not output.name:
        raise ExportError(f"{output} cannot be written: give the export a name of its own.")
    if not output.parent.is_dir():
        raise ExportError(f"The folder {output.parent} does not exist: create it or choose another place.")
    if output.is_symlink():
        raise ExportError(f"{output} is a link to another place: name the place itself.")
    place, home = output.resolve(), library.path.resolve()
    if place == home or home in place.parents:
        raise ExportError(f"{output} lies within the library itself: choose another place.")


def _check_file(output: Path, *, force: bool) -> None:
    if not os.path.lexists(output):
        return
    if not output.is_file() or output.is_symlink():
        raise ExportError(f"{output} exists and is not a file: choose another name.")
    if not force:
        raise ExportError(f"{output} exists already: choose another name, or replace it with --force.")
    if output.suffix.lower() in SUFFIXES:
        raise ExportError(f"{output} is a picture; an export never replaces one. Choose another name.")
    with _in_words(output):
        earlier = is_earlier_file(output)
    if not earlier:
        raise ExportError(
            f"{output} is something else than an earlier export; it is not replaced. Choose another name."
        )


def _check_folder(output: Path, *, force: bool) -> None:
    if not os.path.lexists(output):
        return
    if not output.is_dir() or output.is_symlink():
        raise ExportError(f"{output} exists and is not a folder: choose another name.")
    if not any(output.iterdir()):
        return
    if not force:
        raise ExportError(
            f"{output} exists already and is not empty: choose another name, or replace an earlier export with --force."
        )
    with _in_words(output):
        stranger = stranger_in(output)
    if stranger is not None:
        raise ExportError(
            f"{output} holds something else than an earlier export, such as “{stranger}”; it is not replaced. "
            "Choose another name."
        )


@contextlib.contextmanager
def _in_words(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExportError(f"{output} cannot be written: {error.strerror or error}.") from error
