"""The forward pass on CPUs.

Every request holds one picture and runs on one thread; as many run at the same time as there are cores. On the
processors that were measured this is also the fastest way (185 photos/s against 165 in batches of 32), and it makes
a photo's code independent of all others by construction: no batch to be filled, no sum split over threads.
"""

import contextlib
import hashlib
import json
import queue
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashviewer.encoding.calibration import calibration_pictures, differing_share
from hashviewer.encoding.cores import available_cores
from hashviewer.encoding.engine import Encoded
from hashviewer.encoding.openvino_export import NETWORK, exported_network
from hashviewer.encoding.openvino_runtime import load_openvino, put_file
from hashviewer.errors import EncodingError
from hashviewer.networks import read_card

_HINTS = {"float32": "f32", "bfloat16": "bf16"}
_MOST_LANES = 32  # more share the memory's bandwidth, and each keeps its own buffers
_AGREEMENT_HERE = 0.003  # stricter than what is promised, since clouds are not photos
CLOUDS = 64


class OpenVinoEngine:
    """A network compiled for this CPU.

    Args:
        compiled: openvino.CompiledModel with one input (1, size, size, 3) uint8.
        precision: What it computes in.
        lanes: Its streams.
    """

    name = "openvino"
    device = "cpu"
    batch = 1

    def __init__(self, compiled: Any, *, precision: str, lanes: int) -> None:  # noqa: ANN401
        self.precision = precision
        self.lanes = lanes
        self._compiled = compiled
        self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
        first = compiled.create_infer_request()
        # OpenVINO's Python binding sets itself up at the first inference, and two threads that do so at once wait
        # for each other for ever: one holds the interpreter's lock, the other the set-up's.
        _infer(first, np.zeros(compiled.inputs[0].shape[1:], dtype=np.uint8))
        self._idle.put(first)
        for _ in range(lanes - 1):
            self._idle.put(compiled.create_infer_request())

    @classmethod
    def open(cls, model: Path, *, precision: str, lanes: int | None) -> "OpenVinoEngine":
        """Export the checkpoint if that was never done, and compile it.

        Raises:
            EncodingError: It cannot be exported, or the precision is not available.
        """
        folder = exported_network(model, read_card(model).sha256)
        core = load_openvino().Core()
        chosen = choose_precision(precision, core, folder)
        count = lanes or min(available_cores(), _MOST_LANES)
        return cls(
            compile_network(core, folder, precision=chosen, lanes=count), precision=chosen, lanes=count
        )

    def encode(self, pixels: NDArray[np.uint8]) -> Encoded:
        """See `Engine.encode`."""
        request = self._idle.get()
        try:
            results = [_infer(request, picture) for picture in pixels]
        except RuntimeError as error:
            raise EncodingError(f"OpenVINO failed while it encoded a photo: {error}.") from error
        finally:
            self._idle.put(request)
        return Encoded(np.concatenate([r[0] for r in results]), np.concatenate([r[1] for r in results]))

    def close(self) -> None:
        """See `Engine.close`."""
        while not self._idle.empty():
            self._idle.get()
        self._compiled = None


def compile_network(core: Any, folder: Path, *, precision: str, lanes: int) -> Any:  # noqa: ANN401
    """The network ready to run, from the cache where this processor has compiled it before.

    OpenVINO's own cache writes in place, so that a kill leaves half a file; ours is renamed and carries a checksum.
    """
    settings = {
        "NUM_STREAMS": str(lanes),
        "INFERENCE_NUM_THREADS": str(lanes),  # one thread each: no sum is ever split
        "INFERENCE_PRECISION_HINT": _HINTS[precision],
        "ENABLE_CPU_PINNING": "NO",  # the decoding threads want the same cores
    }
    processor = [core.get_property("CPU", name) for name in ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")]
    name = hashlib.sha256(json.dumps([settings, processor]).encode()).hexdigest()[:16]
    file = folder / f"{name}.compiled"
    compiled = _read_compiled(core, file, settings)
    if compiled is None:
        compiled = core.compile_model(folder / NETWORK, "CPU", settings)
        blob = compiled.export_model()
        data = blob.getvalue() if hasattr(blob, "getvalue") else bytes(blob)
        put_file(file, hashlib.sha256(data).digest() + data)
    return compiled


def choose_precision(wanted: str, core: Any, folder: Path) -> str:  # noqa: ANN401
    """The precision to use: "float32" or "bfloat16".

    Raises:
        EncodingError: bfloat16 is asked for and this processor does not compute in it.
    """
    native = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if wanted == "bfloat16" and not native:
        raise EncodingError(
            "This processor does not compute in bfloat16. Leave the precision out, or choose “float32”."
        )
    if wanted == "auto":
        return "bfloat16" if native and bfloat16_agrees(core, folder) else "float32"
    return wanted


def bfloat16_agrees(core: Any, folder: Path) -> bool:  # noqa: ANN401
    """Whether bfloat16 gives this network's codes; measured once on each machine, a second's work."""
    note = folder / "bfloat16.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return bool(json.loads(note.read_text(encoding="utf-8"))["differing"] <= _AGREEMENT_HERE)
    outputs = []
    for precision in ("float32", "bfloat16"):
        compiled = compile_network(core, folder, precision=precision, lanes=1)
        request = compiled.create_infer_request()
        pictures = calibration_pictures(CLOUDS, compiled.inputs[0].shape[1])
        outputs.append(np.concatenate([_infer(request, picture)[0] for picture in pictures]))
    share = differing_share(outputs[0], outputs[1])
    put_file(note, json.dumps({"differing": share}).encode())
    return share <= _AGREEMENT_HERE


def _read_compiled(core: Any, file: Path, settings: dict[str, str]) -> Any:  # noqa: ANN401
    try:
        stored = file.read_bytes()
    except OSError:
        return None
    data = intact(stored)
    if data is None:
        return None
    try:
        return core.import_model(data, "CPU", settings)
    except RuntimeError:  # of another build of OpenVINO
        return None


def intact(stored: bytes) -> bytes | None:
    """What a cache file holds behind its checksum; None if it is damaged."""
    data = stored[32:]
    return data if hashlib.sha256(data).digest() == stored[:32] else None


def _infer(request: Any, picture: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:  # noqa: ANN401
    """One picture (size, size, 3): outputs (1, bits), features (1, feature_dim), as copies."""
    request.infer({0: np.ascontiguousarray(picture)[None]}, share_inputs=True)
    return request.get_output_tensor(0).data.copy(), request.get_output_tensor(1).data.copy()
