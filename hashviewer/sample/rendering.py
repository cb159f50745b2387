"""Making the sample library's folder of pictures, on first use, all or nothing."""

import csv
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from hashviewer.errors import LibraryError
from hashviewer.progress import Progress, silent
from hashviewer.sample.plan import COUNT, Shot, plan
from hashviewer.sample.shots import VERSION

GROUPS = "groups.csv"
STALE = 3600.0  # seconds after which the remains of an interrupted run are removed


def sample_folder() -> Path:
    """Where the sample's pictures are kept: the user's data folder; another recipe has another name."""
    import platformdirs

    return platformdirs.user_data_path("hashviewer", appauthor=False) / f"sample-{VERSION}" / "Sample"


def render_sample(
    folder: Path, *, seed: int = 0, count: int = COUNT, processes: int = 2, progress: Progress = silent
) -> None:
    """Render the sample pictures into `folder`; nothing happens if they are there.

    They are painted beside the folder and appear in it together: after an interruption the next call begins anew.

    Args:
        folder: Becomes ``<kind>/<kind>-0001.jpg`` … and ``groups.csv`` (path, group) of the near-duplicates.
        seed: The same seed gives the same files, byte for byte.
        count: About how many pictures.
        processes: How many child processes paint.
        progress: Told the pictures done; may cancel.

    Raises:
        LibraryError: The folder holds something else, or cannot be written.
    """
    if (folder / GROUPS).exists():
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LibraryError(
            f"{folder} holds something else already; choose an empty folder for the sample pictures."
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_remains(folder)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.part-", dir=folder.parent))
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        _paint(part, seed, count, processes, progress)
        _write_groups(part / GROUPS, plan(seed, count))
        _appear(part, folder)
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _paint(folder: Path, seed: int, count: int, processes: int, progress: Progress) -> None:
    """Run the child processes until all pictures are there."""
    total = sum(len(shots) for shots in plan(seed, count))
    lines: queue.Queue[str] = queue.Queue()
    started, done = time.monotonic(), 0
    progress(0, total, "Rendering the sample pictures")
    with ExitStack() as stack:
        children = [_start(stack, folder, seed, count, part, processes, lines) for part in range(processes)]
        running = len(children)
        while running:
            line = lines.get()
            if line:
                done += int(line)
                left = (time.monotonic() - started) / done * (total - done)
                progress(done, total, f"Rendering the sample pictures, {left:.0f} s left")
            else:
                running -= 1
        for child in children:
            if child.wait() != 0:
                said = (child.stderr.read() if child.stderr else "").strip().splitlines()
                reason = said[-1] if said else f"exit code {child.returncode}"
                raise LibraryError(f"The sample pictures could not be rendered: {reason}")


def _start(
    stack: ExitStack, folder: Path, seed: int, count: int, part: int, parts: int, lines: queue.Queue[str]
) -> subprocess.Popen[str]:
    """Start a child whose lines go to `lines`, "" at its end; leaving the stack stops it."""
    root = str(Path(__file__).resolve().parents[2])
    found = [root, os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else [root]
    child = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "hashviewer.sample",
            str(folder),
            str(seed),
            str(count),
            str(part),
            str(parts),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(found)},
    )

    reader = threading.Thread(target=_read, args=(child, lines), name=f"sample-{part}", daemon=True)
    reader.start()
    stack.callback(_stop, child, reader)
    return child


def _read(child: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    """Hand on a child's lines, then "" for its end."""
    for line in child.stdout or ():
        lines.put(line)
    lines.put("")


def _stop(child: subprocess.Popen[str], reader: threading.Thread) -> None:
    """End a child, done or not, and what belongs to it."""
    child.kill()
    child.wait()
    reader.join()
    for pipe in (child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()


def _write_groups(path: Path, scenes: tuple[tuple[Shot, ...], ...]) -> None:
    """The near-duplicates: path and group of every picture that has one."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "group"])
        writer.writerows((shot.path, shot.group) for shots in scenes for shot in shots if shot.group)


def _appear(part: Path, folder: Path) -> None:
    """Give the finished folder its name, unless another process was faster."""
    if (folder / GROUPS).exists():
        return
    part.chmod(0o755)  # mkdtemp made it private
    if folder.exists():
        folder.rmdir()  # empty
    part.rename(folder)


def _remove_remains(folder: Path) -> None:
    """Remove what runs left that were killed; younger remains may belong to a run in another process."""
    for remains in folder.parent.glob(f".{folder.name}.part-*"):
        if time.time() - remains.stat().st_mtime > STALE:
            shutil.rmtree(remains, ignore_errors=True)


def _unwritable(folder: Path, error: OSError) -> LibraryError:
    return LibraryError(
        f"The sample pictures cannot be written to {folder}: {error.strerror or error}. Make room or choose another folder."
    )
