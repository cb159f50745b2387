"""The library of photos and their codes on disk: FORMAT.md says how it is laid out."""

from hashviewer.library.code_only import create_code_only
from hashviewer.library.library import Library
from hashviewer.library.opening import is_library
from hashviewer.library.packing import pack
from hashviewer.library.records import CodeSetInfo, NewPhoto, PhotoRecord, Problem
from hashviewer.library.scan import ScanPlan, plan_scan
from hashviewer.library.writer import LibraryWriter

__all__ = [
    "CodeSetInfo",
    "Library",
    "LibraryWriter",
    "NewPhoto",
    "PhotoRecord",
    "Problem",
    "ScanPlan",
    "create_code_only",
    "is_library",
    "pack",
    "plan_scan",
]
