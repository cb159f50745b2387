"""`library.json`: what makes a folder a library, where its photos are, and since when it exists."""

import datetime
import json
from dataclasses import dataclass
from pathlib import Path

from hashviewer.errors import LibraryError
from hashviewer.library.durable import in_words, write_file
from hashviewer.library.versions import LIBRARY, VERSION, check_version

FILE = "library.json"


@dataclass(frozen=True, slots=True)
class Description:
    """What the library says about itself.

    Attributes:
        root: The folder of its photos; None for photos behind a URL and for codes without pictures.
        created: In ISO form.
        url: The URL that paths are relative to; "" for photos in a folder and for codes without pictures.
    """

    root: Path | None
    created: str
    url: str = ""


def new(root: Path | None, *, url: str = "") -> Description:
    """The description of a library made now."""
    return Description(root, datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), url)


def write(folder: Path, description: Description) -> None:
    """Put library.json into the folder, durably. Raises LibraryError."""
    root = None if description.root is None else str(description.root)
    content = {"format": LIBRARY, "version": VERSION, "root": root, "created": description.created}
    if description.url:
        content["url"] = description.url
    write_file(folder / FILE, lambda part: _write_text(part, json.dumps(content, indent=2) + "\n"))


def read(folder: Path) -> Description:
    """What library.json says.

    Raises:
        LibraryError: The folder is no library, its description is damaged, or it is newer.
    """
    file = folder / FILE
    try:
        content = json.loads(file.read_bytes())
        if not isinstance(content, dict) or content.get("format") != LIBRARY:
            raise ValueError("it describes no library")
        check_version(str(content.get("version", "")), folder)
        root = content.get("root")
        url = str(content.get("url") or "")
        return Description(Path(root) if root else None, str(content.get("created", "")), url)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise LibraryError(
            f"{folder} is not a library: there is no {FILE} in it. Choose a library folder or a packed .h5 file, or make a "
            "library with “hashviewer index FOLDER”."
        ) from error
    except OSError as error:
        raise in_words(error, f"{file} cannot be read") from error
    except ValueError as error:
        raise LibraryError(
            f"{file} is damaged ({error}). Copy it back from a backup, or write it anew as FORMAT.md describes."
        ) from error


def _write_text(file: Path, text: str) -> None:
    file.write_text(text, encoding="ascii")
