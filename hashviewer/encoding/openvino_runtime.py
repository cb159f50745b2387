"""OpenVINO as this program loads it: without its telemetry, and with a cache of our own."""

import contextlib
import importlib.util
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import platformdirs

from hashviewer.errors import EncodingError

_TELEMETRY = "openvino_telemetry"
_CONVERTER = "openvino.tools.ovc"
_ABANDONED = 24 * 3600.0  # s; no export takes so long


def is_installed() -> bool:
    """Whether OpenVINO is there at all, without loading it."""
    return importlib.util.find_spec("openvino") is not None


def load_openvino() -> Any:  # noqa: ANN401 - the module has no types
    """The module `openvino`, silenced.

    ``import openvino`` sends an event over the network unless its telemetry cannot be imported. A None in
    `sys.modules` makes Python refuse the import, and OpenVINO then uses its own stand-in that does nothing. The
    converter is refused, too: it is what sends, we do not need it, and it takes half of the import's time.

    Raises:
        EncodingError: It is not installed or does not start on this machine.
    """
    for name in (_TELEMETRY, _CONVERTER):
        blocked: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
        blocked.setdefault(name, None)
    if sys.modules.get(_TELEMETRY) is not None:
        raise EncodingError(
            "OpenVINO's telemetry is loaded in this process, so OpenVINO is not used: nothing may be sent."
        )
    try:
        import openvino
    except (ImportError, OSError, RuntimeError) as error:
        raise EncodingError(
            f"OpenVINO does not start on this machine ({error}). Choose the engine “torch”, or install the "
            "package “openvino” anew."
        ) from error
    return openvino


def networks_folder() -> Path:
    """Where exported networks are kept; all of it can be deleted and is made again."""
    return platformdirs.user_cache_path("hashviewer", appauthor=False) / "networks"


def put_file(target: Path, data: bytes) -> None:
    """Write a cache file at once or not at all. A cache that cannot be written is no error."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError:
        return


def put_folder(target: Path, source: Path) -> None:
    """Move a finished folder to its place at once; where another process was faster, its folder stays."""
    try:
        source.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        shutil.rmtree(source, ignore_errors=True)


def forget_others(kept: Path, *, made_from: str) -> None:
    """Delete what other versions have made from the same checkpoint, and what killed exports have left behind."""
    for entry in kept.parent.iterdir():
        outdated = entry.name.startswith(made_from) and entry != kept
        with contextlib.suppress(OSError):
            left = entry.suffix == ".part" and time.time() - entry.stat().st_mtime > _ABANDONED
            if outdated or left:
                shutil.rmtree(entry, ignore_errors=True)
