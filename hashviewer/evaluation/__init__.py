"""How good a ranking is: average precision with explicit tie rules, precision and recall."""

from hashviewer.evaluation.average_precision import (
    AveragePrecision,
    average_precision,
    average_precision_at,
    average_precision_of_counts,
    chance_average_precision,
    interpolated_average_precision,
)
from hashviewer.evaluation.code_statistics import CodeStatistics, code_statistics
from hashviewer.evaluation.figures import EvaluationReport
from hashviewer.evaluation.graded import average_gain, normalised_gain, weighted_precision
from hashviewer.evaluation.mean import MeanAveragePrecision, mean_average_precision, mean_of_scores
from hashviewer.evaluation.precision import PrecisionRecall, by_radius, precision_at
from hashviewer.evaluation.ranked import Coded
from hashviewer.evaluation.report import Wanted, evaluate

__all__ = [
    "AveragePrecision",
    "CodeStatistics",
    "Coded",
    "EvaluationReport",
    "MeanAveragePrecision",
    "PrecisionRecall",
    "Wanted",
    "average_gain",
    "average_precision",
    "average_precision_at",
    "average_precision_of_counts",
    "by_radius",
    "chance_average_precision",
    "code_statistics",
    "evaluate",
    "interpolated_average_precision",
    "mean_average_precision",
    "mean_of_scores",
    "normalised_gain",
    "precision_at",
    "weighted_precision",
]
