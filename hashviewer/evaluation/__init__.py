"""How good a ranking is: average precision with explicit tie rules, precision and recall."""

from hashviewer.evaluation.average_precision import (
    AveragePrecision,
    average_precision,
    average_precision_at,
    average_precision_of_counts,
    chance_average_precision,
    interpolated_average_precision,
)
from hashviewer.evaluation.mean import MeanAveragePrecision, mean_average_precision, mean_of_scores
from hashviewer.evaluation.precision import PrecisionRecall, by_radius, precision_at

__all__ = [
    "AveragePrecision",
    "MeanAveragePrecision",
    "PrecisionRecall",
    "average_precision",
    "average_precision_at",
    "average_precision_of_counts",
    "by_radius",
    "chance_average_precision",
    "interpolated_average_precision",
    "mean_average_precision",
    "mean_of_scores",
    "precision_at",
]
