"""Code sets with a distance of their own in the window: they are ordered by it, where it is known of the query."""

from dataclasses import replace

from hashviewer.library import CodeSetInfo
from hashviewer.ui.explorer import Explorer, Options
from hashviewer.workspace import Query, is_quantized, own_distance


def shows_quantized(explorer: Explorer) -> bool:
    """Whether the code set shown is a quantizer's."""
    return any(is_quantized(info) for info in _shown(explorer))


def shows_segments(explorer: Explorer) -> bool:
    """Whether the codes of the set shown consist of segments."""
    return any(info.segment for info in _shown(explorer))


def own_weights(explorer: Explorer) -> tuple[float, ...]:
    """What each bit of the code set shown counts by its model's own distance; empty where they count alike."""
    return next((info.bit_weights for info in _shown(explorer)), ())


def why_no_tables(query: Query) -> str:
    """Why a query of a quantizer's codes has no look-up tables; empty when it has."""
    if query.is_composed:
        return "several codes are asked."
    if query.flipped:
        return "bits of the query's code are turned over."
    return "" if query.feature is not None else "of this photo no features are kept."


def fitting(options: Options, info: CodeSetInfo) -> Options:
    """The options as a code set that is shown anew begins with: by the distance that its codes are made for."""
    own = own_distance(info)
    if own != "hamming":
        return replace(options, distance=own)
    return replace(options, distance="hamming") if options.distance in ("adc", "segments") else options


def _shown(explorer: Explorer) -> list[CodeSetInfo]:
    """The code set shown, if there is one."""
    workspace, codes = explorer.workspace, explorer.codes
    sets = () if workspace is None else workspace.code_sets
    return [info for info in sets if info.key == codes]
