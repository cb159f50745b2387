"""Backbones, hash heads and the checkpoints that hold them.

Reading a card needs no torch; `load_network` and `save_checkpoint` import it when they are called.
"""

from hashviewer.networks.card import (
    Card,
    check_searchable,
    find_model,
    models_folders,
    read_card,
    why_not_searchable,
)
from hashviewer.networks.checkpoint import load_network, save_checkpoint

__all__ = [
    "Card",
    "check_searchable",
    "find_model",
    "load_network",
    "models_folders",
    "read_card",
    "save_checkpoint",
    "why_not_searchable",
]
