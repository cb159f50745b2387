"""Labelled sets for training and evaluation."""

from hashviewer.datasets.coded import LabelledCodes, read_codes
from hashviewer.datasets.labelled import LabelledFeatures, LabelledImages
from hashviewer.datasets.photo_folder import PhotoFolder, read_photo_folder
from hashviewer.datasets.spec import open_dataset

__all__ = [
    "LabelledCodes",
    "LabelledFeatures",
    "LabelledImages",
    "PhotoFolder",
    "open_dataset",
    "read_codes",
    "read_photo_folder",
]
