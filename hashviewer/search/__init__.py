"""Exact ranking of packed codes by Hamming distance, and re-ranking by features."""

from hashviewer.search.ranking import rank
from hashviewer.search.reranking import rerank
from hashviewer.search.results import Cost, Matches, not_searched
from hashviewer.search.scan import Scan, scan

__all__ = ["Cost", "Matches", "Scan", "not_searched", "rank", "rerank", "scan"]
