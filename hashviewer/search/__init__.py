"""Exact rankings of codes by Hamming and other distances, and re-ranking by features."""

from hashviewer.search.answering import Asked, search
from hashviewer.search.composed import rank_any, rank_mean
from hashviewer.search.fusion import Fused, fuse
from hashviewer.search.how import DISTANCES, MODES, ORDERS, SearchHow
from hashviewer.search.joining import Pairs, join
from hashviewer.search.looking_up import Index, build_index
from hashviewer.search.lookup import BucketTable
from hashviewer.search.multi_index import MultiIndex
from hashviewer.search.neighbours import Neighbours
from hashviewer.search.quantizer import (
    composite_tables,
    product_tables,
    score_tables,
    squared_lengths,
    sum_tables,
    word_numbers,
)
from hashviewer.search.ranking import rank
from hashviewer.search.reranking import rerank, rerank_by_codes, rerank_mutual
from hashviewer.search.results import EXACT, Cost, Matches, not_searched
from hashviewer.search.scan import Scan, scan
from hashviewer.search.scored import ScoredMatches
from hashviewer.search.segments import rank_segments
from hashviewer.search.tables import Tables, rank_by_tables
from hashviewer.search.weighted import rank_asymmetric, rank_weighted

__all__ = [
    "DISTANCES",
    "EXACT",
    "MODES",
    "ORDERS",
    "Asked",
    "BucketTable",
    "Cost",
    "Fused",
    "Index",
    "Matches",
    "MultiIndex",
    "Neighbours",
    "Pairs",
    "Scan",
    "ScoredMatches",
    "SearchHow",
    "Tables",
    "build_index",
    "composite_tables",
    "fuse",
    "join",
    "not_searched",
    "product_tables",
    "rank",
    "rank_any",
    "rank_asymmetric",
    "rank_by_tables",
    "rank_mean",
    "rank_segments",
    "rank_weighted",
    "rerank",
    "rerank_by_codes",
    "rerank_mutual",
    "scan",
    "score_tables",
    "search",
    "squared_lengths",
    "sum_tables",
    "word_numbers",
]
