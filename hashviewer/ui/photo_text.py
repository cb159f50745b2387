"""What is said about one photo in tool tips and to screen readers."""

from hashviewer.ui.explorer import Explorer


def describe(explorer: Explorer, row: int) -> str:
    """Path, label, distance and rank of a photo, a line each."""
    workspace = explorer.workspace
    if workspace is None or row >= len(workspace.library):
        return ""
    photo = workspace.library.photo(row)
    lines = [photo.path]
    if photo.label:
        lines.append(f"label: {photo.label}")
    if photo.width:
        lines.append(f"{photo.width:,} × {photo.height:,} px")
    lines += _place_in_answer(explorer, row)
    if photo.missing:
        lines.append("the file is no longer there")
    return "\n".join(lines)


def _place_in_answer(explorer: Explorer, row: int) -> list[str]:
    results = explorer.results
    if results is None or results.query is not explorer.query or row >= len(results.matches.all_distances):
        return []
    rank = results.matches.rank_of(row)
    if rank is None:  # left out of the search
        return []
    distance = int(results.matches.all_distances[row])
    scores = results.matches.all_scores
    score = "" if scores is None else f" · {results.matches.how.distance} {scores[row]:.2f}"
    return [f"distance {distance:,} of {results.matches.bits:,} bits{score} · rank {rank + 1:,}"]
