"""Pictures for a library whose codes are at an engine: from the library itself, or from the photos, where these are here."""

import logging
from pathlib import Path

from hashviewer.engines.pushed import Identity, Pushed
from hashviewer.engines.recent import Recent
from hashviewer.errors import HashViewerError, ImageError
from hashviewer.library import Library, is_library

EDGE = 256  # px of a thumbnail
KEPT = 500  # thumbnails made from photos

_log = logging.getLogger(__name__)


def find_original(pushed: Pushed) -> Library | None:
    """The library that was pushed, if it is where it was; None if it is not, or another one is there."""
    path = Path(pushed.path)
    try:
        if not path.exists() or (path.is_dir() and not is_library(path)):
            return None
        library = Library.open(path)
    except (HashViewerError, OSError) as error:
        _log.warning("the library that was pushed cannot be read: %s", error)
        return None
    if pushed.identity.fits(Identity.of(library)):
        return library
    library.close()
    return None


class Thumbnails:
    """Thumbnails made from photos, the latest of them kept."""

    def __init__(self) -> None:
        self._made: Recent[Path, bytes] = Recent(KEPT)

    def of(self, photo: Path) -> bytes:
        """JPEG bytes; empty if the photo is not here or cannot be read."""
        from hashviewer.images import Preprocessing, decode

        made = self._made.get(photo)
        if made is None:
            try:
                made = (
                    decode(photo, Preprocessing(EDGE), thumbnail_edge=EDGE).thumbnail
                    if photo.is_file()
                    else b""
                )
            except (ImageError, OSError):
                made = b""
            self._made.put({photo: made})
        return made
