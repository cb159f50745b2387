import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from hashviewer.encoding import open_engine, openvino_engine
from hashviewer.encoding.calibration import calibration_pictures, differing_share
from hashviewer.encoding.child import environment
from hashviewer.errors import EncodingError

# Ends the process with status 77 at the first use of the network, so that no "except" can hide it.
NO_SOCKETS = """
import os, sys
def forbid(event, arguments):
    if event.startswith("socket."):
        print(event, arguments, file=sys.stderr)
        os._exit(77)
sys.addaudithook(forbid)
"""


@pytest.fixture(scope="module")
def engine(model):
    engine = open_engine(model, device="cpu", precision="float32", engine="openvino", lanes=2)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def pictures():
    return calibration_pictures(20, 224)[8:]


def run_python(program, *arguments):
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )


def test_codes_agree_with_float32_torch_in_all_but_half_a_percent_of_bits(engine, model, pictures):
    import torch

    from hashviewer.networks import load_network

    with torch.inference_mode():
        outputs, features = load_network(model)(torch.from_numpy(pictures))
    encoded = engine.encode(pictures)
    assert differing_share(outputs.numpy(), encoded.outputs) <= 0.005
    np.testing.assert_allclose(encoded.features, features.numpy(), rtol=1e-2, atol=1e-3)


def test_a_photo_has_the_same_bytes_alone_in_a_batch_and_among_threads(engine, pictures):
    together = engine.encode(pictures)
    alone = [engine.encode(picture[None]) for picture in pictures]
    part = engine.encode(pictures[3:8])
    with ThreadPoolExecutor(4) as pool:
        crowded = list(pool.map(lambda picture: engine.encode(picture[None]), pictures))
    for number in range(len(pictures)):
        for other in (alone[number], crowded[number]):
            assert other.outputs.tobytes() == together.outputs[number].tobytes()
            assert other.features.tobytes() == together.features[number].tobytes()
    assert part.outputs.tobytes() == together.outputs[3:8].tobytes()


def test_the_query_process_with_one_lane_gives_the_bytes_of_the_index_with_many(engine, model, pictures):
    query = open_engine(model, device="cpu", precision="float32", engine="openvino", lanes=1)
    assert query.encode(pictures[:4]).outputs.tobytes() == engine.encode(pictures[:4]).outputs.tobytes()
    assert query.encode(pictures[:4]).features.tobytes() == engine.encode(pictures[:4]).features.tobytes()
    query.close()


def test_the_export_uses_no_network_and_no_telemetry(model, tmp_path):
    program = NO_SOCKETS + (
        "from hashviewer.encoding.openvino_export import main\n"
        "status = main(sys.argv[1:])\n"
        "assert sys.modules['openvino_telemetry'] is None\n"
        "sys.exit(status)"
    )
    done = run_python(program, model, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "network.xml").exists()


def test_opening_again_uses_no_network_and_loads_neither_torch_nor_h5py(engine, model):
    program = NO_SOCKETS + (
        "from pathlib import Path\n"
        "import numpy as np\n"
        "import hashviewer.encoding.query_server\n"
        "from hashviewer.encoding import open_engine\n"
        "engine = open_engine(Path(sys.argv[1]), device='cpu')\n"
        "engine.encode(np.zeros((1, 224, 224, 3), np.uint8))\n"
        "heavy = ('torch', 'h5py', 'timm', 'openvino_telemetry', 'PySide6')\n"
        "print([name for name in heavy if sys.modules.get(name) is not None], engine.name)"
    )
    done = run_python(program, model)
    assert done.stdout.strip() == "[] openvino", done.stderr


def test_a_damaged_compiled_network_is_compiled_anew(engine, model, pictures, tmp_path, monkeypatch):
    from hashviewer.encoding import openvino_runtime
    from hashviewer.networks import read_card

    folder = openvino_engine.exported_network(model, read_card(model).sha256)
    core = openvino_runtime.load_openvino().Core()
    for name in ("network.xml", "network.bin"):
        (tmp_path / name).symlink_to(folder / name)
    openvino_engine.compile_network(core, tmp_path, precision="float32", lanes=1)
    (compiled,) = tmp_path.glob("*.compiled")
    whole = compiled.read_bytes()
    compiled.write_bytes(whole[: len(whole) // 2])
    again = openvino_engine.compile_network(core, tmp_path, precision="float32", lanes=1)
    request = again.create_infer_request()
    request.infer({0: pictures[:1]})
    assert request.get_output_tensor(0).data.tobytes() == engine.encode(pictures[:1]).outputs.tobytes()
    assert openvino_engine.intact(compiled.read_bytes()) is not None


class FakeCore:
    def __init__(self, *capabilities):
        self.capabilities = list(capabilities)

    def get_property(self, device, name):
        return self.capabilities


def test_bfloat16_is_refused_in_words_where_the_processor_lacks_it(tmp_path):
    with pytest.raises(EncodingError, match=r"does not compute in bfloat16.*float32"):
        openvino_engine.choose_precision("bfloat16", FakeCore("FP32", "INT8"), tmp_path)


@pytest.mark.parametrize(("differing", "chosen"), [(0.001, "bfloat16"), (0.004, "float32")])
def test_bfloat16_is_taken_where_it_is_native_and_agrees(tmp_path, differing, chosen):
    (tmp_path / "bfloat16.json").write_text(json.dumps({"differing": differing}))
    assert openvino_engine.choose_precision("auto", FakeCore("FP32", "BF16"), tmp_path) == chosen
    assert openvino_engine.choose_precision("float32", FakeCore("FP32", "BF16"), tmp_path) == "float32"
    assert openvino_engine.choose_precision("bfloat16", FakeCore("FP32", "BF16"), tmp_path) == "bfloat16"


def test_the_agreement_of_bfloat16_is_measured_and_noted(engine, model, tmp_path, monkeypatch):
    from hashviewer.encoding.openvino_runtime import load_openvino
    from hashviewer.networks import read_card

    folder = openvino_engine.exported_network(model, read_card(model).sha256)
    for name in ("network.xml", "network.bin"):
        (tmp_path / name).symlink_to(folder / name)
    monkeypatch.setattr(openvino_engine, "CLOUDS", 8)
    # On a processor without bfloat16 OpenVINO computes in float32 instead: then nothing may differ.
    agrees = openvino_engine.bfloat16_agrees(load_openvino().Core(), tmp_path)
    noted = json.loads((tmp_path / "bfloat16.json").read_text())["differing"]
    assert agrees == (noted <= 0.003)
    assert 0.0 <= noted < 0.05


def test_a_checkpoint_that_is_damaged_is_named(tmp_path):
    from hashviewer.errors import CheckpointError

    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"\x10\0\0\0\0\0\0\0{not a header")
    with pytest.raises(CheckpointError, match="broken"):
        open_engine(broken, device="cpu")


@pytest.mark.shared
def test_codes_of_real_photos_agree_with_torch(engine, model, shared_photos: Path):
    import torch

    from hashviewer.images import decode
    from hashviewer.networks import load_network, read_card

    files = sorted(shared_photos.glob("*/*.jpg"))[::400]
    preprocessing = read_card(model).preprocessing
    pixels = np.stack([decode(file, preprocessing).pixels for file in files])
    with torch.inference_mode():
        outputs, _ = load_network(model)(torch.from_numpy(pixels))
    assert differing_share(outputs.numpy(), engine.encode(pixels).outputs) <= 0.005
