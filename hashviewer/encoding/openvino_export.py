"""Turns a checkpoint into OpenVINO's form. A process of its own: it needs torch, whoever starts it does not.

``python -m hashviewer.encoding.openvino_export MODEL FOLDER`` writes network.xml and network.bin into the folder; the
exit status is 0, or 1 with a sentence on stderr. It ends as soon as its standard input does.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hashviewer import networks
from hashviewer.encoding import openvino_runtime
from hashviewer.encoding.calibration import AGREEMENT, calibration_pictures, differing_share
from hashviewer.encoding.child import environment
from hashviewer.errors import EncodingError, HashViewerError

if TYPE_CHECKING:
    import torch

NETWORK = "network.xml"
_PICTURES = 4


def exported_network(model: Path, sha256: str) -> Path:
    """The exported form of a checkpoint, from the cache or made now in a child process.

    Args:
        model: The checkpoint.
        sha256: Its checksum, by which it is found again.

    Returns:
        A folder with `NETWORK` and its weights.

    Raises:
        EncodingError: It cannot be exported; the text says why.
    """
    version = openvino_runtime.load_openvino().__version__.split("-")[0]
    target = openvino_runtime.networks_folder() / f"{sha256[:32]}-openvino-{version}-{code_digest()}"
    if (target / NETWORK).exists():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="export-", suffix=".part", dir=target.parent))
    except OSError as error:
        raise EncodingError(
            f"The network cannot be prepared: the cache folder {target.parent} cannot be written ({error.strerror})."
        ) from error
    done = _run_exporter(str(model), str(fresh))
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        last = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
        raise EncodingError(f"The network could not be prepared for OpenVINO: {last}")
    openvino_runtime.put_folder(target, fresh)
    openvino_runtime.forget_others(target, made_from=sha256[:32])
    return target


def _run_exporter(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run this module as a process, which ends as soon as its standard input does: when we are gone."""
    words = [sys.executable, "-m", "hashviewer.encoding.openvino_export", *arguments]
    theirs, ours = os.pipe()
    try:
        return subprocess.run(
            words, stdin=theirs, capture_output=True, text=True, env=environment(), check=False
        )
    finally:
        os.close(theirs)
        os.close(ours)


def code_digest() -> str:
    """Eight digits that change with the code that turns a checkpoint into a network: what it made before is stale."""
    digest = hashlib.sha256()
    for file in [*sorted(Path(networks.__file__).parent.glob("*.py")), Path(__file__)]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def main(arguments: list[str]) -> int:
    """Export; see the module's docstring."""
    warnings.simplefilter("ignore")  # torch's tracing is deprecated, and OpenVINO has no other way in yet
    try:
        export(Path(arguments[0]), Path(arguments[1]))
    except HashViewerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _end_with_parent() -> None:
    while os.read(0, 1):
        continue
    os._exit(1)


def export(model: Path, folder: Path) -> None:
    """Write `NETWORK` and its weights: uint8 pixels (1, size, size, 3) to outputs (1, bits) and features.

    Raises:
        EncodingError: What was written gives other codes than torch.
    """
    size = networks.read_card(model).preprocessing.size
    network = networks.load_network(model)
    converted = _convert(network, size)
    openvino = openvino_runtime.load_openvino()
    openvino.save_model(converted, folder / NETWORK, compress_to_fp16=False)
    _check_agreement(network, folder / NETWORK, size)


def _convert(network: "torch.nn.Module", size: int) -> Any:  # noqa: ANN401 - openvino.Model
    import torch

    openvino = openvino_runtime.load_openvino()
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    example = torch.zeros((1, size, size, 3), dtype=torch.uint8)
    with torch.no_grad():
        # Traced here, since the decoder's own tracing runs the network four times to check what we check below.
        traced = torch.jit.trace(network, example, check_trace=False)  # type: ignore[no-untyped-call]
        decoder = TorchScriptPythonDecoder(traced)  # in a variable: the frontend does not keep it alive
        frontend = FrontEndManager().load_by_framework("pytorch")
        converted = frontend.convert(frontend.load(decoder))
    pixels = converted.inputs[0].get_node()
    pixels.set_element_type(openvino.Type.u8)
    pixels.set_partial_shape(openvino.PartialShape([1, size, size, 3]))
    converted.validate_nodes_and_infer_types()
    return converted


def _check_agreement(network: "torch.nn.Module", file: Path, size: int) -> None:
    import torch

    pictures = calibration_pictures(_PICTURES, size)
    with torch.inference_mode():
        wanted = network(torch.from_numpy(pictures))[0].numpy()
    compiled = (
        openvino_runtime.load_openvino()
        .Core()
        .compile_model(file, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    )
    given = np.concatenate([compiled(picture[None])[0] for picture in pictures])
    share = differing_share(wanted, given)
    if not share <= AGREEMENT:
        raise EncodingError(f"OpenVINO computes other codes than torch: {share:.1%} of the bits differ.")


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    sys.exit(main(sys.argv[1:]))
