"""Hashing methods, one file each; `registry` finds them, `AUTHORING.md` shows how to write one."""

from hashviewer.methods._base import Advice, Batch, Clock, Method, Shallow, Shape, Terms, TrainingItems
from hashviewer.methods._blocks import AddedBlocks, Blocks, check_blocks
from hashviewer.methods._saved import TRUNK, is_plain_hamming, load_method, save_method, trunk_tensors
from hashviewer.methods._settings import DeclaredSetting, Setting, Value, nearest, parse_settings, settings_of
from hashviewer.methods._sign import signs
from hashviewer.methods.registry import MethodInfo, Published, all_methods, find_method

__all__ = [
    "TRUNK",
    "AddedBlocks",
    "Advice",
    "Batch",
    "Blocks",
    "Clock",
    "DeclaredSetting",
    "Method",
    "MethodInfo",
    "Published",
    "Setting",
    "Shallow",
    "Shape",
    "Terms",
    "TrainingItems",
    "Value",
    "all_methods",
    "check_blocks",
    "find_method",
    "is_plain_hamming",
    "load_method",
    "nearest",
    "parse_settings",
    "save_method",
    "settings_of",
    "signs",
    "trunk_tensors",
]
