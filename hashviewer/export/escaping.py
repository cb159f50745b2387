"""Making text of any origin harmless where it is shown: spreadsheets, web pages, file names."""

import html
import json
import re
import unicodedata

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
LONGEST_NAME = 120  # bytes; leaves room for a rank in front within the 255 that file systems allow


def visible(text: str) -> str:
    r"""Text that any encoding can hold: bytes of a path that are no UTF-8 become ``\udcXX``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def cell(text: str) -> str:
    """Text for a spreadsheet cell: one that would be taken for a formula gets a leading apostrophe."""
    shown = visible(text)
    return "'" + shown if shown.startswith(_FORMULA_STARTS) else shown


def markup(text: str) -> str:
    """Text for HTML, between tags and in quoted attributes alike."""
    return html.escape(visible(text), quote=True)


def script_json(document: object) -> str:
    """JSON that can stand in a ``<script>`` element: nothing in it can end the element."""
    text = json.dumps(document, indent=1)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def file_name(text: str) -> str:
    """A name for one file that every file system takes and that stays in its folder."""
    name = unicodedata.normalize("NFC", text)
    name = "".join("_" if unicodedata.category(sign) in {"Cf", "Cs", "Co", "Cn"} else sign for sign in name)
    name = _NOT_IN_NAMES.sub("_", name).strip(" .")
    if _DEVICES.match(name):
        name = "_" + name
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 8:
        stem, dot, suffix = name, "", ""
    room = LONGEST_NAME - len((dot + suffix).encode())
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(" .")
    return (stem or "photo") + dot + suffix
