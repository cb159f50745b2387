"""Exact ranking of packed codes by Hamming distance, and re-ranking by features."""

from hashviewer.search.ranking import rank
from hashviewer.search.reranking import rerank
from hashviewer.search.results import NOT_SEARCHED, Cost, Matches
from hashviewer.search.scan import Scan, scan

__all__ = ["NOT_SEARCHED", "Cost", "Matches", "Scan", "rank", "rerank", "scan"]
