"""The comparisons as files: sanity.json, and the section of README.md that follows from it."""

import json
import math
from pathlib import Path
from typing import Any

from hashviewer.evaluation.sanity import over_seeds
from hashviewer.methods import find_method

CLASSIFIER, FEATURES, CHANCE = "classifier", "features", "chance"
Row = dict[str, Any]

_TITLES = {
    CHANCE: "codes that are all alike",
    FEATURES: "cosine of the features, no code",
    CLASSIFIER: "linear classifier, its answer as the code",
}
_INTRODUCTION = """## Compared with what

A class number is a code, too: where the classes of the queries were trained on, the answer of a linear classifier of the
same training images, written in ceil(log2 classes) bits, ranks like this (Sablayrolles et al., ICASSP 2017). So each method
is also trained on three quarters of the classes, rounded down (7 of 10), and queries and database are of the other three,
drawn anew with every seed; there chance is about one third. The backbone is the frozen one of ImageNet, which knows
many kinds of animals and vehicles but none of these pictures; the adapted one was trained on all ten classes and is not
asked. Means and standard deviations over the seeds; the last three columns are of the database's codes (first seed):
how many different ones, mean |bit mean|, mean |correlation of two bits|.
"""


def read_sanity(folder: Path) -> list[Row]:
    """The rows of sanity.json; none where there is no such file."""
    file = folder / "sanity.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []


def write_sanity(folder: Path, rows: list[Row]) -> None:
    """Write sanity.json; it appears only when it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / "sanity.json.part"
    part.write_text(
        json.dumps(sorted(rows, key=_order), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    part.replace(folder / "sanity.json")


def row_for(rows: list[Row], key: str, bits: int, column: str) -> Row:
    """The row of a method or of a reference; a new one is put among the rows."""
    for row in rows:
        if (row["method"], row["column"]) == (key, column) and (key in _TITLES or row["bits"] == bits):
            return row
    row = {
        "method": key,
        "bits": None if key in _TITLES else bits,
        "column": column,
        "seen": [],
        "unseen": [],
    }
    rows.append(row)
    return row


def section(folder: Path) -> str:
    """The section of README.md; empty where nothing was compared."""
    rows = sorted(read_sanity(folder), key=_order)
    if not rows:
        return ""
    lines = [
        _INTRODUCTION,
        "| method | bits | backbone | mAP | unseen classes | codes | bit mean | correlation |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(_line(row) for row in rows)]) + "\n"


def reference_lines(folder: Path) -> list[str]:
    """The references as rows of the zoo's own table, to stand above the methods; none where nothing was compared."""
    rows = read_sanity(folder)
    lines = []
    for key, title in _TITLES.items():
        first = {row["column"]: row["seen"][0] for row in rows if row["method"] == key and row["seen"]}
        if first:
            best = max(first.values(), key=lambda run: run["mAP"])
            ties = f"{best['pessimistic']:.3f}–{best['optimistic']:.3f}" if "pessimistic" in best else "–"
            figures = [
                f"{first[name]['mAP']:.3f}" if name in first else "–" for name in ("frozen", "adapted")
            ]
            cells = [
                f"*{title}*",
                "–",
                str(best.get("bits", "–")),
                "–",
                *figures,
                "–",
                "–",
                ties,
                "–",
                "–",
                "–",
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return lines


def _line(row: Row) -> str:
    runs = row["seen"] or row["unseen"]
    first = runs[0] if runs else {}
    statistics = first.get("statistics")
    cells = [
        _TITLES.get(row["method"]) or find_method(row["method"]).title,
        str(row["bits"] or first.get("bits") or "–"),
        row["column"],
        _over(row["seen"]),
        _over(row["unseen"]),
    ]
    if statistics is None:
        cells += ["–", "–", "–"]
    else:
        cells += [
            f"{statistics['distinct']:,}",
            f"{statistics['bit_mean']:.2f}",
            f"{statistics['correlation']:.2f}",
        ]
    return "| " + " | ".join(cells) + " |"


def _over(runs: list[Row]) -> str:
    if not runs:
        return "–"
    found = over_seeds([run["mAP"] for run in runs])
    spread = "" if math.isnan(found.deviation) else f" ± {found.deviation:.3f}"
    return f"{found.mean:.3f}{spread} ({found.count})"


def _order(row: Row) -> tuple[str, int, float]:
    """References first, then the best in its column first."""
    values = [run["mAP"] for run in row["seen"]] or [0.0]
    known = list(_TITLES)
    place = known.index(row["method"]) if row["method"] in known else len(known)
    return row["column"], place, -sum(values) / len(values)
