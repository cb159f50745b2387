"""Runs the measurements and writes docs/benchmarks.json and docs/benchmarks.md.

``python -m benchmarks [NAME …]`` measures all or only the named ones; figures of the others are kept. Every figure is
a ratio or a time taken within one run on one machine; each measurement starts in a process of its own, so that none
inherits the memory or the caches of another.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from benchmarks.libraries import KEPT

MEASUREMENTS = (
    "encode",
    "outside",
    "open",
    "query",
    "grid",
    "stall",
    "search",
    "on_gpu",
    "planner",
    "evaluation",
    "shards",
    "cluster",
)
DOCS = Path(__file__).resolve().parents[1] / "docs"


def main() -> int:
    """Measure what was asked for; the exit status is 1 when a goal was missed."""
    if sys.argv[1:2] == ["--one"]:
        print(
            "FIGURES "
            + json.dumps([asdict(figure) for figure in import_module(f"benchmarks.{sys.argv[2]}").run()])
        )
        return 0
    wanted = sys.argv[1:] or list(MEASUREMENTS)
    unknown = set(wanted) - set(MEASUREMENTS)
    if unknown:
        print(
            f"There is no measurement named {', '.join(sorted(unknown))}; there are {', '.join(MEASUREMENTS)}."
        )
        return 2
    figures = []
    with tempfile.TemporaryDirectory(prefix="hashviewer-benchmark-") as libraries:
        os.environ.setdefault(KEPT, libraries)
        for name in wanted:
            print(f"{name} …", flush=True)
            figures += _measure(name)
    rows = _merged(figures)
    (DOCS / "benchmarks.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    (DOCS / "benchmarks.md").write_text(_table(rows), encoding="utf-8")
    return 0 if all(row["ok"] is not False for row in figures) else 1


def _measure(name: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--one", name], stdout=subprocess.PIPE, text=True, check=True
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("FIGURES "))
    stamp = {"machine": _machine(), "date": datetime.now(UTC).date().isoformat()}
    rows = [{**row, **stamp} for row in json.loads(line.removeprefix("FIGURES "))]
    for row in rows:
        print(
            f"  {row['name']}: {row['value']:.4g} {row['unit']} (goal {row['goal']}, {_verdict(row['ok'])})"
        )
    return rows


def _merged(figures: list[dict[str, object]]) -> list[dict[str, object]]:
    file = DOCS / "benchmarks.json"
    old = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    fresh = {row["name"] for row in figures}
    return sorted(
        [row for row in old if row["name"] not in fresh] + figures, key=lambda row: str(row["name"])
    )


def _table(rows: list[dict[str, object]]) -> str:
    lines = [
        "# Measured",
        "",
        "Made by `make bench`; each figure comes from one run on the machine named.",
        "",
    ]
    lines += ["| what | value | goal | reached | how | machine, date |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {row['name']} | {row['value']:.4g} {row['unit']} | {row['goal']} | {_verdict(row['ok'])} | {row['how']} "
        f"| {row['machine']}, {row['date']} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _verdict(ok: object) -> str:
    return {True: "yes", False: "no", None: "–"}[ok]  # type: ignore[index]


def _machine() -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line for line in cpuinfo.read_text(encoding="utf-8").splitlines() if line.startswith("model name")
        ]
        model = names[0].split(":")[1].strip() if names else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
