"""The one door to an open library: code sets, queries, search and statistics.

The command line and the window call this and nothing beside it. It never imports torch or Qt: pictures from
outside are encoded by a child process. All methods may be called from worker threads.
"""

from hashviewer.library import is_library
from hashviewer.workspace.composing import composed, with_flipped
from hashviewer.workspace.location import (
    CheckpointGivenError,
    is_checkpoint,
    libraries_folder,
    locate_library,
)
from hashviewer.workspace.quantizing import is_quantized, own_distance, own_how
from hashviewer.workspace.query import Explanation, Query
from hashviewer.workspace.reranking import why_no_reranking
from hashviewer.workspace.workspace import Workspace

__all__ = [
    "CheckpointGivenError",
    "Explanation",
    "Query",
    "Workspace",
    "composed",
    "is_checkpoint",
    "is_library",
    "is_quantized",
    "libraries_folder",
    "locate_library",
    "own_distance",
    "own_how",
    "why_no_reranking",
    "with_flipped",
]
