"""Photos to codes: engines, the indexing of folders, and the processes that do it.

Names are loaded when they are first used: the query process must start without h5py, the window without OpenVINO.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashviewer.encoding.engine import Encoded, Engine, open_engine
    from hashviewer.encoding.indexing import encode_library, index
    from hashviewer.encoding.queries import EncodedQuery, QueryEncoder
    from hashviewer.encoding.report import IndexReport
    from hashviewer.encoding.supervisor import encode_library_in_child, index_in_child

__all__ = [
    "Encoded",
    "EncodedQuery",
    "Engine",
    "IndexReport",
    "QueryEncoder",
    "encode_library",
    "encode_library_in_child",
    "index",
    "index_in_child",
    "open_engine",
]

_PLACES = {
    "Encoded": "engine",
    "EncodedQuery": "queries",
    "Engine": "engine",
    "IndexReport": "report",
    "QueryEncoder": "queries",
    "encode_library": "indexing",
    "encode_library_in_child": "supervisor",
    "index": "indexing",
    "index_in_child": "supervisor",
    "open_engine": "engine",
}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
