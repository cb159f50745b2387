"""What runs the network, and which one is taken where."""

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hashviewer.encoding import openvino_runtime
from hashviewer.errors import EncodingError

ENGINES = ("auto", "openvino", "torch")
PRECISIONS = ("auto", "float32", "bfloat16")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Encoded:
    """What a network says about n pictures.

    Attributes:
        outputs: (n, bits) float32 before the sign.
        features: (n, feature_dim) float32.
    """

    outputs: NDArray[np.float32]
    features: NDArray[np.float32]


class Engine(Protocol):
    """Runs one network. What it gives for a picture depends on that picture alone, bit for bit."""

    @property
    def name(self) -> str:
        """Either "openvino" or "torch"."""

    @property
    def device(self) -> str:
        """For example "cpu" or "cuda:0"."""

    @property
    def precision(self) -> str:
        """Either "float32" or "bfloat16"."""

    @property
    def batch(self) -> int:
        """Pictures of one forward pass; fewer are filled up, so that neighbours never matter."""

    @property
    def lanes(self) -> int:
        """How many threads may usefully call `encode` at the same time."""

    def encode(self, pixels: NDArray[np.uint8]) -> Encoded:
        """Run the network on (n, size, size, 3) RGB pixels; any n; from any thread.

        Raises:
            EncodingError: It ran out of memory or the device failed.
        """

    def close(self) -> None:
        """Let go of the device's memory."""


def open_engine(
    model: Path,
    *,
    device: str = "auto",
    precision: str = "auto",
    engine: str = "auto",
    lanes: int | None = None,
) -> Engine:
    """The fastest engine that this machine has for a checkpoint.

    A GPU runs torch; a CPU runs OpenVINO, or torch where OpenVINO is absent. OpenVINO loads no torch, except in a
    process of its own when it meets a checkpoint for the first time.

    Args:
        model: The checkpoint.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: "auto", "float32" or "bfloat16". "auto" takes bfloat16 only where the processor has it and the codes
            agree with those of float32.
        engine: "auto", "openvino" or "torch".
        lanes: Forward passes at the same time on a CPU; None takes one for each core.

    Raises:
        EncodingError: The device, precision or engine is not available here.
        CheckpointError: The checkpoint cannot be used.
    """
    _check(device=device, precision=precision, engine=engine)
    where = _device_of(device, engine)
    if engine == "openvino" and where != "cpu":
        raise EncodingError(
            f"The engine “openvino” runs on the CPU, not on “{device}”. Leave the device out."
        )
    if where == "cpu" and engine != "torch":
        compiled = _openvino(model, precision=precision, lanes=lanes, required=engine == "openvino")
        if compiled is not None:
            return compiled
    from hashviewer.encoding.torch_engine import TorchEngine

    return TorchEngine.open(model, device=where, precision=precision)


def _openvino(model: Path, *, precision: str, lanes: int | None, required: bool) -> Engine | None:
    """OpenVINO, or None where it is absent or does not work here and torch may take its place."""
    if not required and not openvino_runtime.is_installed():
        return None
    from hashviewer.encoding.openvino_engine import OpenVinoEngine

    try:
        return OpenVinoEngine.open(model, precision=precision, lanes=lanes)
    except EncodingError as error:
        if required or precision == "bfloat16":
            raise
        _log.warning("OpenVINO is not used, torch is: %s", error)
        return None


def _check(*, device: str, precision: str, engine: str) -> None:
    _check_one_of("engine", engine, ENGINES)
    _check_one_of("precision", precision, PRECISIONS)
    kind, _, number = device.partition(":")
    if kind not in ("auto", "cpu", "cuda", "mps") or (number and (kind != "cuda" or not number.isdecimal())):
        raise EncodingError(
            f"The device “{device}” is unknown; there are “auto”, “cpu”, “cuda”, “cuda:0”, “cuda:1” … and “mps”."
        )


def _check_one_of(what: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        listed = ", ".join(f"“{choice}”" for choice in choices)
        raise EncodingError(f"The {what} “{value}” is unknown; there are {listed}.")


def _device_of(device: str, engine: str) -> str:
    if device != "auto":
        return device
    if engine == "openvino" or not _may_have_gpu():
        return "cpu"
    from hashviewer.encoding.torch_engine import best_device

    return best_device()


def _may_have_gpu() -> bool:
    """Whether it is worth the seconds to load torch and ask it: looks for the drivers' traces only."""
    if sys.platform == "darwin":
        import platform

        return platform.machine() == "arm64"
    if sys.platform == "win32":
        return Path("C:/Windows/System32/nvcuda.dll").exists()
    return Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists() or Path("/dev/dxg").exists()
