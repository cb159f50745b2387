"""Finding the segments of a library, in a folder or in a packed file, and what of them is damaged."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hashviewer.errors import LibraryError
from hashviewer.library import hdf5, naming
from hashviewer.library.code_segment import CodeSegment, open_codes
from hashviewer.library.code_table import CodeTable
from hashviewer.library.durable import in_words
from hashviewer.library.photo_segment import PhotoSegment, open_photos
from hashviewer.library.photo_table import PhotoTable

PHOTOS = "photos"
CODES = "codes"
ATTEMPTS = 20  # a merge may take away a listed file before it is opened: list again


@dataclass(frozen=True, slots=True)
class Segments:
    """What a library holds on disk.

    Attributes:
        photos: All photos by row.
        gone: Blank stretches of `photos` without even a file, as (first row, rows).
        codes: Code sets by key.
        damage: Sentences about files that cannot be used.
    """

    photos: PhotoTable
    gone: tuple[tuple[int, int], ...]
    codes: Mapping[str, CodeTable]
    damage: tuple[str, ...]


def load_folder(folder: Path, *, least_rows: int, known: Segments | None = None) -> Segments:
    """Open the segments of a library folder.

    Args:
        folder: The library.
        least_rows: Row numbers that are taken, even if the last files are lost.
        known: What was loaded before: of it nothing is read again.

    Raises:
        LibraryError: A file is of a newer version, or the drive is gone.
    """
    for _ in range(ATTEMPTS):
        try:
            return _load_folder(folder, least_rows, known)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise in_words(error, f"The library {folder} cannot be read") from error
    raise LibraryError(
        f"Files of the library {folder} vanish while it is opened. Check that the drive is plugged in and that no other "
        "program is cleaning up the folder, then try again."
    )


def load_packed(file: Path) -> Segments:
    """Open the groups of a packed library.

    Raises:
        LibraryError: It is damaged or newer.
    """
    try:
        rows = int(hdf5.read(file).attributes["photos"])
        photos = open_photos(file, 0, rows, group=PHOTOS)
        tables = {}
        for name in hdf5.read(file, CODES).groups:
            segment = open_codes(file, group=f"{CODES}/{name}")
            tables[segment.info.key] = CodeTable((segment,))
        return Segments(PhotoTable((photos,) if rows else ()), (), tables, ())
    except (OSError, KeyError, ValueError) as error:
        raise LibraryError(
            f"{file} is damaged or no packed library ({_reason(error)}). Copy it again from where it came from."
        ) from error


def _load_folder(folder: Path, least_rows: int, known: Segments | None) -> Segments:
    damage: list[str] = []
    photos, gone = _load_photos(folder / PHOTOS, least_rows, known, damage)
    codes = _load_codes(folder / CODES, known, damage)
    table = PhotoTable(tuple(photos))
    if known is not None:
        table = known.photos if table == known.photos else table.keeping(known.photos)
    return Segments(table, tuple(gone), codes, tuple(damage))


def _load_photos(
    folder: Path, least_rows: int, known: Segments | None, damage: list[str]
) -> tuple[list[PhotoSegment], list[tuple[int, int]]]:
    opened = {segment.file: segment for segment in known.photos.segments} if known else {}
    segments: list[PhotoSegment] = []
    gone: list[tuple[int, int]] = []
    end = 0
    for name in naming.photo_segments(folder):
        if name.first < end:
            raise LibraryError(
                f"The files {segments[-1].file.name} and {name.file} in {folder} claim the same photos. One of them does not "
                "belong there: move it away."
            )
        if name.first > end:
            gone.append((end, name.first - end))
            segments.append(PhotoSegment(Path(), end, name.first - end, {}))
        rows = name.last - name.first + 1
        earlier = opened.get(folder / name.file)
        segments.append(
            earlier
            if earlier is not None and not earlier.blank
            else _open_photos(folder / name.file, name.first, rows, damage)
        )
        end = name.last + 1
    if end < least_rows:
        gone.append((end, least_rows - end))
        segments.append(PhotoSegment(Path(), end, least_rows - end, {}))
    damage += [
        f"The file {naming.photo_file(first, first + rows - 1)} or a part of it is missing in {folder}: {rows:,} photos are lost. "
        "Copy it back from a backup, or index the photos again."
        for first, rows in gone
    ]
    return segments, gone


def _open_photos(file: Path, first_row: int, rows: int, damage: list[str]) -> PhotoSegment:
    try:
        return open_photos(file, first_row, rows)
    except FileNotFoundError:
        raise
    except (OSError, KeyError, ValueError) as error:
        damage.append(
            f"The file {file} is damaged ({_reason(error)}): {rows:,} photos cannot be shown. Copy it back from a backup, or "
            "delete it and index the photos again."
        )
        return PhotoSegment(file, first_row, rows, {})


def _load_codes(folder: Path, known: Segments | None, damage: list[str]) -> dict[str, CodeTable]:
    tables: dict[str, CodeTable] = {}
    keys = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    for name in keys:
        key = naming.code_key(name)
        earlier = known.codes.get(key) if known else None
        opened = {segment.file: segment for segment in earlier.segments} if earlier else {}
        segments: list[CodeSegment] = []
        for found in naming.code_segments(folder / name):
            file = folder / name / found.file
            segment = opened.get(file) or _open_codes(file, damage)
            if segment is not None:
                segments.append(segment)
        if segments:
            tables[key] = CodeTable(tuple(segments))
    return tables


def _open_codes(file: Path, damage: list[str]) -> CodeSegment | None:
    try:
        return open_codes(file)
    except FileNotFoundError:
        raise
    except (OSError, KeyError, ValueError) as error:
        damage.append(
            f"The file {file} is damaged ({_reason(error)}): its photos count as not encoded. Delete it and encode the "
            "library again."
        )
        return None


def _reason(error: Exception) -> str:
    text = str(error.args[0]) if error.args else type(error).__name__
    return "it is cut short" if "truncated" in text else text.strip("\"'")
