"""Result sets on their way out, each with its provenance."""

from hashviewer.export.exporting import Format, export, export_all, export_neighbours, provenance_beside
from hashviewer.export.provenance import Provenance
from hashviewer.export.report import ExportReport
from hashviewer.export.result_set import Hit, hits
from hashviewer.export.source import Asked, Source

__all__ = [
    "Asked",
    "ExportReport",
    "Format",
    "Hit",
    "Provenance",
    "Source",
    "export",
    "export_all",
    "export_neighbours",
    "hits",
    "provenance_beside",
]
