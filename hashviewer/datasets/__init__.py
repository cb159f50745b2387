"""Labelled sets for training and evaluation."""

from hashviewer.datasets.photo_folder import PhotoFolder, read_photo_folder

__all__ = ["PhotoFolder", "read_photo_folder"]
