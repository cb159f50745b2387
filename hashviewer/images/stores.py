"""Photos in object storage and on other machines, found and read through fsspec.

fsspec is imported when a store is used and at no other time: nothing is fetched before the user has named a URL.
"""

import datetime
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hashviewer.errors import ImageError
from hashviewer.images.finding import SUFFIXES, FoundFile, left_out
from hashviewer.images.limits import MAX_BYTES
from hashviewer.progress import Progress, silent

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_URL = re.compile(r"[a-z][a-z0-9+.-]+(://|::[a-z])", re.IGNORECASE)  # two letters at least: "C:/" is a drive
_CHANGED = ("mtime", "LastModified", "last_modified", "updated", "modified", "created", "creation_time")
_DEEPEST = 64  # folders within folders; links may go round in circles


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of photos behind a URL. Paths are relative to it, with "/" between their parts.

    Attributes:
        url: Without "/" at its end, for example "s3://bucket/holidays".
    """

    url: str

    def __str__(self) -> str:
        return self.url

    def url_of(self, path: str) -> str:
        """The URL of a photo."""
        return f"{self.url}/{path}"

    def photo(self, file: FoundFile) -> "StoredPhoto":
        """A photo, to be read."""
        return StoredPhoto(self, file.path, file.size)

    def is_there(self) -> bool:
        """Whether the store answers and has the folder."""
        try:
            system, root = _system(self.url)
            system.invalidate_cache()
            return bool(system.exists(root))
        except Exception:  # noqa: BLE001 - each store's client has errors of its own
            return False

    def check(self) -> None:
        """Raises `ImageError` if the store cannot be reached or has no such folder."""
        self.find_photos()  # lists the first folder at once

    def find_photos(
        self, *, progress: Progress = silent, on_problem: Callable[[str, str], None] | None = None
    ) -> Iterator[FoundFile]:
        """All photos below the URL, sorted by path; see `images.find_photos`. Sizes and times are as far as known.

        Raises:
            ImageError: The store cannot be reached, or there is nothing.
        """
        system, root = _system(self.url)
        system.invalidate_cache()
        walk = _Walk(self.url, system, progress, on_problem)
        first = walk.listed(root)
        if not first and not self.is_there():
            raise ImageError(f"There is nothing at {self.url}: check the URL.")
        return walk.photos("", first)


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo in a store.

    Attributes:
        store: The store.
        path: Relative to the store's URL.
        size: Bytes, 0 = unknown.
    """

    store: Store
    path: str
    size: int

    def read(self) -> bytes:
        """All its bytes.

        Raises:
            ImageError: It cannot be read; caused by an OSError, as it is with files.
        """
        if self.size > MAX_BYTES:
            raise ImageError(f"This file is too large to be a picture: {self.size / 1e9:.1f} GB.")
        system, root = _system(self.store.url)
        try:
            return bytes(system.cat_file(_joined(root, self.path)))
        except FileNotFoundError as error:
            raise ImageError("This file is no longer there: it was moved, renamed or deleted.") from error
        except PermissionError as error:
            raise ImageError("This file may not be read: its permissions forbid it.") from error
        except Exception as error:  # noqa: BLE001 - each store's client has errors of its own
            raise ImageError(f"This file cannot be read: {_said(error)}.") from OSError(str(error))


def is_url(text: str) -> bool:
    """Whether a text is a URL rather than a path."""
    return _URL.match(text) is not None


def place_of(text: str) -> Path | Store:
    """The folder that a path or a URL names; a file URL names a folder of this machine.

    Raises:
        ImageError: The URL cannot be used.
    """
    if not is_url(text):
        return Path(text)
    parts = urlsplit(text)
    if parts.scheme.lower() == "file":
        if parts.netloc not in ("", "localhost"):
            raise ImageError(f"{text} names another machine. Write file:/// and the folder's whole path.")
        return _local(parts.path)
    if parts.password is not None:
        raise ImageError(
            "Leave the password out of the URL, since a library remembers its URL: the store's own settings or "
            "environment variables are the place for it."
        )
    if "::" in text:
        raise ImageError(
            f"{text} joins several stores with “::”, which does not work here. Name one of them."
        )
    return Store(text.rstrip("/") if parts.netloc or parts.path.strip("/") else text)


def is_there(place: Path | Store) -> bool:
    """Whether a folder or a store can be reached."""
    return place.is_there() if isinstance(place, Store) else place.is_dir()


@dataclass(slots=True)
class _Walk:
    url: str
    system: "AbstractFileSystem"
    progress: Progress
    on_problem: Callable[[str, str], None] | None
    found: int = 0

    def photos(self, prefix: str, entries: list[tuple[str, Mapping[str, Any]]]) -> Iterator[FoundFile]:
        """Depth first, in the order of the paths: a folder's name ends in "/"."""
        for name, entry in entries:
            path = prefix + name
            if not name.endswith("/"):
                self.found += 1
                yield FoundFile(path, int(entry.get("size") or 0), _mtime_ns(entry))
            elif path.count("/") <= _DEEPEST:
                yield from self.photos(path, self._below(path, entry))
            self.progress(self.found, None, f"{self.found:,} photos found")

    def listed(self, folder: str) -> list[tuple[str, Mapping[str, Any]]]:
        """What may be a photo, and the folders with "/" behind their names; sorted. Raises ImageError."""
        self.progress(self.found, None, f"{self.found:,} photos found")
        try:
            entries = self.system.ls(folder, detail=True)
        except FileNotFoundError as error:
            raise ImageError(f"There is nothing at {self.url}: check the URL.") from error
        except Exception as error:  # each store's client has errors of its own
            raise ImageError(
                f"{self.url} cannot be read: {_said(error)}. Check the address, the connection and your access to it."
            ) from error
        kept = [(_name(entry, folder), entry) for entry in entries]
        return sorted((item for item in kept if _counts(item[0])), key=lambda item: item[0])

    def _below(self, path: str, entry: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
        try:
            return self.listed(str(entry["name"]))
        except ImageError as error:
            if self.on_problem is not None:
                self.on_problem(path.rstrip("/"), f"This folder cannot be read: {_said(error.__cause__)}.")
            return []


def _name(entry: Mapping[str, Any], folder: str) -> str:
    """The entry's own name, with "/" behind a folder's; "" for the folder itself, which some stores list."""
    whole = str(entry["name"]).rstrip("/")
    if whole.strip("/") == folder.strip("/"):
        return ""
    name = whole.rsplit("/", 1)[-1]
    return f"{name}/" if entry.get("type") == "directory" else name


def _counts(name: str) -> bool:
    if not name or left_out(name.rstrip("/")):
        return False
    return name.endswith("/") or Path(name).suffix.lower() in SUFFIXES


def _mtime_ns(entry: Mapping[str, Any]) -> int:
    """Time of the last change, ns since 1970; 0 where the store does not say."""
    value = next((entry[name] for name in _CHANGED if entry.get(name) is not None), 0)
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value)
        except ValueError:
            return 0
    if isinstance(value, datetime.datetime):
        value = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
        return (
            (value - datetime.datetime.fromtimestamp(0, datetime.UTC))
            // datetime.timedelta(microseconds=1)
            * 1000
        )
    return int(value * 1_000_000_000) if isinstance(value, int | float) else 0


@lru_cache(maxsize=16)
def _system(url: str) -> "tuple[AbstractFileSystem, str]":
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise ImageError(
            f"Photos at {url} are read with fsspec, which is not installed. Install it with "
            "pip install 'hashviewer[cluster]'."
        ) from error
    try:
        system, root = url_to_fs(url)
    except ImportError as error:
        raise ImageError(f"Photos at {url} need a package that is not installed: {_said(error)}.") from error
    except ValueError as error:
        raise ImageError(f"{url} cannot be read: {_said(error)}.") from error
    except Exception as error:  # each store's client has errors of its own
        raise ImageError(
            f"{url} cannot be reached: {_said(error)}. Check the address, the connection and your access to it."
        ) from error
    return system, str(root)


def _joined(root: str, path: str) -> str:
    return f"{root.rstrip('/')}/{path}"


def _said(error: BaseException | None) -> str:
    """An error's first line without its full stop, or its name where it says nothing."""
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines and lines[0] else type(error).__name__


def _local(path: str) -> Path:
    """The folder of a file URL's path."""
    from urllib.request import url2pathname

    return Path(url2pathname(path))
