"""The real program in a process of its own, watched from within: ``python -m benchmarks.program SCRIPT ARGUMENTS``.

It runs the command ``hashviewer`` as the user does; a script gets its turn when the program enters its event loop, and
prints one JSON document.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

BEGUN = "HASHVIEWER_BENCHMARK_BEGUN"  # when the process was started, s since 1970


def started(script: str, *arguments: str) -> dict[str, float]:
    """Start the program, let ``benchmarks.SCRIPT.watch(window, *arguments)`` watch it; what the script reports."""
    with tempfile.TemporaryDirectory(prefix="hashviewer-benchmark-") as home:
        places = {f"XDG_{kind}_HOME": f"{home}/{kind}" for kind in ("CONFIG", "DATA", "STATE")}
        cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")  # compiled models stay
        environment = {**os.environ, **places, "XDG_CACHE_HOME": cache, "QT_QPA_PLATFORM": "offscreen"}
        environment.pop(
            "PYTHONDONTWRITEBYTECODE", None
        )  # as installed: modules are compiled at the first start
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.program", script, *arguments],
            env={**environment, BEGUN: str(time.time())},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    report: dict[str, float] = json.loads(done.stdout)
    return report


def since_start() -> float:
    """Seconds since this process was started by `started`."""
    return time.time() - float(os.environ[BEGUN])


def main() -> None:
    """Run the program with the script's watcher in its event loop."""
    script, library, *arguments = sys.argv[1:]
    from PySide6.QtWidgets import QApplication

    run = QApplication.exec
    module = import_module(f"benchmarks.{script}")
    if module.WATCHES_EVENTS:
        from benchmarks.watching import WatchedApplication
        from hashviewer.ui import app

        app.QApplication = WatchedApplication  # type: ignore[misc]

    def watched_run(*_self: object) -> int:
        window = next(
            widget for widget in QApplication.topLevelWidgets() if type(widget).__name__ == "MainWindow"
        )
        module.watch(window, *arguments)
        return run()

    QApplication.exec = watched_run  # type: ignore[method-assign,assignment]
    sys.argv = ["hashviewer", library]
    from hashviewer.__main__ import main as run_program

    run_program()


if __name__ == "__main__":
    main()
