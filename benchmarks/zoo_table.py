"""The zoo's results as files: zoo.json, one row a method and length, and the table in README.md that follows from it."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import zoo_below, zoo_sanity_table
from hashviewer.evaluation.ranking_scores import RankingScores
from hashviewer.methods import MethodInfo, Published

HEADS = ("frozen", "adapted")  # columns whose file is a head
WHOLE, SCRATCH = "end_to_end", "scratch"
COLUMNS = (*HEADS, WHOLE)
SIZE = 160  # px of the backbone's input, unless told otherwise
Row = dict[str, Any]

_INTRODUCTION = """# Trained methods on CIFAR-10

Made by `make zoo`, of which [docs/methods.md](../../docs/methods.md#how-the-models-of-cifar-10-are-made) tells what takes how
long; `zoo.json` holds the same rows with all figures. {division}; mean average precision over the full
ranking, expected over random orders of equal distances, by each method's own distance. **The images are JPEG copies of
CIFAR-10**, enlarged to {size} px for EfficientNet-Lite0, so no figure compares to the last digit with one made on the original pixels. *Published* figures are those of the papers and of the literature's tables, with other backbones.

- *frozen*: the backbone has its ImageNet weights; the method trains a head on its features.
- *adapted*: the backbone was trained once on the same training images, then frozen. It separates these farther than any other image, so
  long trainings fit that: heads are trained shorter, or are linear, whichever ranked held-out training images better (`benchmarks/zoo_recipes.json`).
- *end to end*: {whole_networks}
- *ties*: lowest and highest value that an order of equal distances can give. *empty*: share of queries that find nothing
  within Hamming radius 2.
- *all labels*: the same method trained on the labels of the whole database, as its paper does, on the adapted backbone.

The files are ours, trained here on images of CIFAR-10 (A. Krizhevsky 2009; none are in this folder) from ImageNet's weights of
EfficientNet-Lite0, which are under Apache-2.0; so are they.
"""

_WHOLE = """the whole network then learnt by the method's own loss for two epochs, from the adapted backbone on and with a head
  trained on it before; so was done with some methods, and the best three networks are here."""
_SCRATCH = """## From random weights

Small nets of the papers at 32 px, end to end from random weights on the same training images: that this way works, too. So
few images do not make a backbone, as the difference to the table above shows. These networks are not here.

| method | bits | network | epochs | training | mAP | ties | empty |
|---|---|---|---|---|---|---|---|"""


def read_rows(folder: Path) -> list[Row]:
    file = folder / "zoo.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []


def write_rows(folder: Path, rows: list[Row], *, division: str, size: int) -> None:
    """Write both files; each appears only when it is whole."""
    rows = sorted(rows, key=lambda row: (row["family"], row["method"], row["bits"]))
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "zoo.json", json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    write_page(folder, rows, division=division, size=size)


def write_page(folder: Path, rows: list[Row], *, division: str, size: int) -> None:
    """Write README.md: the rows, and beside them what sanity.json holds to compare them with, if it is there."""
    run = any(row[WHOLE] is not None for row in rows)
    said = _INTRODUCTION.format(
        division=division[0].upper() + division[1:],
        size=size,
        whole_networks=_WHOLE if run else "not run yet.",
    )
    compared = zoo_sanity_table.section(folder)
    lines = zoo_sanity_table.reference_lines(folder)
    parts = [said, table(rows, lines), zoo_below.section(rows), scratch_section(rows), compared]
    _write(folder / "README.md", "\n".join(part for part in parts if part))


def row_of(rows: list[Row], info: MethodInfo, bits: int) -> Row:
    """The method's row; a new one, with its published figure, is put among the rows."""
    for row in rows:
        if (row["method"], row["bits"]) == (info.key, bits):
            break
    else:
        row = {
            "method": info.key,
            "bits": bits,
            **dict.fromkeys(COLUMNS),
            "file": None,
            "full": None,
            "runs": {},
        }
        rows.append(row)
    figure = published(info, bits)
    row |= {
        "title": info.title,
        "family": info.family,
        "published": None if figure is None else figure.value,
        "published_bits": None if figure is None else figure.bits,
        "published_protocol": None if figure is None else figure.protocol,
        "published_note": None if figure is None else figure.note,
    }
    return row


def published(info: MethodInfo, bits: int) -> Published | None:
    """The published figure nearest to ours: in bits, then protocol I before others; of equals the first."""
    return min(info.published, key=lambda one: (abs(one.bits - bits), one.protocol != "I"), default=None)


def figures_of(scores: RankingScores) -> Row:
    """What a run tells of its ranking."""
    return {
        "mAP": round(scores.tie_aware, 4),
        "optimistic": round(scores.optimistic, 4),
        "pessimistic": round(scores.pessimistic, 4),
        "precision": _or_none(scores.precision),
        "empty": _or_none(scores.empty),
        "queries": scores.queries,
        "database": scores.database,
    }


def best_run(row: Row, columns: Sequence[str] = COLUMNS) -> str | None:
    """The best of some columns, all of which trained on the protocol's own training images."""
    known = {name: run["mAP"] for name, run in row["runs"].items() if name in columns and "mAP" in run}
    return max(known, key=lambda name: known[name], default=None)


def best_methods(rows: list[Row], count: int, *, bits: int, column: str | None = None) -> list[str]:
    """Keys of the methods with the highest figures of a column, or of their best one, at one length of codes."""
    found = {}
    for row in rows:
        name = column or best_run(row)
        figure = row["runs"].get(name, {}).get("mAP") if name else None
        if row["bits"] == bits and figure is not None:
            found[row["method"]] = figure
    return sorted(found, key=lambda key: (-found[key], key))[:count]


def table(rows: list[Row], references: Sequence[str] = ()) -> str:
    """The rows as Markdown, below those of what they are to be compared with."""
    lines = [
        "| method | family | bits | published | frozen | adapted | end to end | all labels | ties | empty | training | files |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *references, *(_line(row) for row in rows)]) + "\n"


def _line(row: Row) -> str:
    best = best_run(row)
    run = row["runs"].get(best, {}) if best else {}
    reason = row["runs"].get("frozen", {}).get("reason")
    said = "–"
    if row["published"] is not None:
        bits = "" if row["published_bits"] == row["bits"] else f", {row['published_bits']} bits"
        note = f", {row['published_note']}" if row["published_note"] else ""
        said = f"{row['published']:.3f} ({row['published_protocol']}{bits}{note})"
    ties = f"{run['pessimistic']:.3f}–{run['optimistic']:.3f}" if run else "–"
    cells = [row["title"], row["family"], str(row["bits"]), said]
    cells += [_figure(row[column]) for column in COLUMNS]
    cells += [_figure(row["runs"].get("all", {}).get("mAP")), ties]
    cells += [_share(run.get("empty")), f"{run['seconds']:.0f} s" if run else "–"]
    files = {"head": row["file"], "whole network": row.get("full")}
    links = ", ".join(f"[{what}]({file})" for what, file in files.items() if file)
    return "| " + " | ".join([*cells, links or reason or "–"]) + " |"


def scratch_section(rows: list[Row]) -> str:
    """The small nets from random weights; empty where there are none."""
    lines = []
    for row in rows:
        run = row["runs"].get(SCRATCH, {})
        if "mAP" in run:
            cells = [
                row["title"],
                str(row["bits"]),
                run["network"],
                str(run["epochs"]),
                f"{run['seconds']:.0f} s",
                _figure(run["mAP"]),
                f"{run['pessimistic']:.3f}–{run['optimistic']:.3f}",
                _share(run["empty"]),
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([_SCRATCH, *lines]) + "\n" if lines else ""


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _or_none(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
