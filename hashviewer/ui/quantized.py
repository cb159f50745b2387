"""Code sets of a quantizer in the window: they are ordered by its own distance, where that is known of the query."""

from dataclasses import replace

from hashviewer.library import CodeSetInfo
from hashviewer.ui.explorer import Explorer, Options
from hashviewer.workspace import Query, is_quantized


def shows_quantized(explorer: Explorer) -> bool:
    """Whether the code set shown is a quantizer's."""
    workspace, codes = explorer.workspace, explorer.codes
    sets = () if workspace is None else workspace.code_sets
    return any(info.key == codes and is_quantized(info) for info in sets)


def why_no_tables(query: Query) -> str:
    """Why a query of a quantizer's codes has no look-up tables; empty when it has."""
    if query.is_composed:
        return "several codes are asked."
    if query.flipped:
        return "bits of the query's code are turned over."
    return "" if query.feature is not None else "of this photo no features are kept."


def fitting(options: Options, info: CodeSetInfo) -> Options:
    """The options as a code set that is shown anew begins with: by the distance that its codes are made for."""
    if is_quantized(info):
        return replace(options, distance="adc")
    return replace(options, distance="hamming") if options.distance == "adc" else options
