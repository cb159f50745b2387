"""What makes the photo models, and measures them on classes held out."""

from hashviewer.training.holdout import HoldoutRun, evaluate_holdout
from hashviewer.training.photo_features import PhotoFeatures, photo_features
from hashviewer.training.photo_model import TrainReport, train_photo_model

__all__ = [
    "HoldoutRun",
    "PhotoFeatures",
    "TrainReport",
    "evaluate_holdout",
    "photo_features",
    "train_photo_model",
]
