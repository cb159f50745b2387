"""Versions of what is written, and the refusal of what is newer than this program."""

from collections.abc import Mapping

from hashviewer.errors import LibraryError

LIBRARY = "hashviewer-library"
PHOTOS = "hashviewer-photos"
CODES = "hashviewer-codes"
USER = "hashviewer-user"

VERSION = "1.0"  # readers accept any 1.x and refuse 2.0


def header(kind: str) -> dict[str, str | int | float]:
    """The attributes that every group carries."""
    return {"encoding-type": kind, "encoding-version": VERSION}


def check(attributes: Mapping[str, object], kind: str, where: object) -> None:
    """Make sure that a group is of this kind and of a version that can be read.

    Raises:
        LibraryError: It is newer.
        ValueError: It is something else.
    """
    if attributes.get("encoding-type") != kind:
        raise ValueError(f"it is not a group of type {kind}")
    check_version(str(attributes.get("encoding-version", "")), where)


def check_version(version: str, where: object) -> None:
    """Refuse what a newer program wrote."""
    major = version.partition(".")[0]
    if not major.isdigit():
        raise ValueError(f"its version “{version}” cannot be read")
    if int(major) > int(VERSION.partition(".")[0]):
        raise LibraryError(
            f"{where} was written by a newer HashViewer (format {version}; this one reads up to {VERSION}). "
            "Update HashViewer to open it."
        )
