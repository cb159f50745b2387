import numpy as np
import pytest
import torch

from hashviewer.encoding import open_engine
from hashviewer.encoding.calibration import calibration_pictures
from hashviewer.encoding.torch_engine import TorchEngine
from hashviewer.errors import EncodingError


class SmallMemory(torch.nn.Module):
    """A network for which more than `most` pictures are too many; it notes the sizes that fitted."""

    def __init__(self, most):
        super().__init__()
        self.most, self.sizes = most, []

    def forward(self, images):
        if len(images) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        self.sizes.append(len(images))
        means = images.float().mean(dim=(1, 2, 3), keepdim=False)[:, None]
        return means.repeat(1, 8), means.repeat(1, 3)


def engine_of(network, batch):
    return TorchEngine(network, device="cpu", precision="float32", batch=batch)


def pictures(count):
    return np.random.default_rng(1).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)


def test_out_of_memory_halves_the_batch_until_it_fits_and_loses_no_photo():
    engine = engine_of(SmallMemory(5), 32)
    encoded = engine.encode(pictures(11))
    assert engine.batch == 4
    np.testing.assert_allclose(encoded.outputs[:, 0], pictures(11).mean(axis=(1, 2, 3)), rtol=1e-5)
    assert encoded.features.shape == (11, 3)


def test_a_memory_too_small_for_one_photo_is_an_error_in_words():
    with pytest.raises(EncodingError, match=r"memory of “cpu” does not suffice for even one photo"):
        engine_of(SmallMemory(0), 8).encode(pictures(2))


def test_every_forward_pass_has_the_full_batch_so_that_kernels_never_change():
    network = SmallMemory(100)
    engine_of(network, 4).encode(pictures(9))
    assert network.sizes == [4, 4, 4]


def test_a_photo_has_the_same_bytes_alone_and_in_a_batch(model):
    engine = open_engine(model, device="cpu", engine="torch")
    several = calibration_pictures(5, 224)
    together = engine.encode(several)
    assert (engine.name, engine.precision) == ("torch", "float32")
    for number in (0, 4):
        alone = engine.encode(several[number : number + 1])
        assert alone.outputs.tobytes() == together.outputs[number].tobytes()
        assert alone.features.tobytes() == together.features[number].tobytes()
    engine.close()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA GPU")
@pytest.mark.parametrize("device", ["cuda", "cuda:3"])
def test_a_gpu_that_is_not_there_is_an_error_that_says_what_to_do(model, device):
    with pytest.raises(EncodingError, match=rf"“{device}” is not available.*“cpu”"):
        open_engine(model, device=device)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_gpu_gives_the_codes_of_the_cpu_in_all_but_half_a_percent_of_bits(model):
    from hashviewer.encoding.calibration import differing_share

    several = calibration_pictures(16, 224)
    on_gpu = open_engine(model, device="cuda").encode(several)
    on_cpu = open_engine(model, device="cpu", engine="torch").encode(several)
    assert differing_share(on_gpu.outputs, on_cpu.outputs) <= 0.005


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"device": "tpu"}, "device “tpu” is unknown"),
        ({"device": "cpu:x"}, "device “cpu:x” is unknown"),
        ({"precision": "float8"}, "precision “float8” is unknown"),
        ({"engine": "tensorrt"}, "engine “tensorrt” is unknown"),
        ({"engine": "openvino", "device": "cuda"}, "runs on the CPU"),
    ],
)
def test_wishes_that_make_no_sense_are_refused_in_words(model, wish, words):
    with pytest.raises(EncodingError, match=words):
        open_engine(model, **wish)


def test_torch_takes_over_where_openvino_is_absent(model, monkeypatch):
    from hashviewer.encoding import openvino_runtime

    monkeypatch.setattr(openvino_runtime, "is_installed", lambda: False)
    engine = open_engine(model, device="cpu")
    assert engine.name == "torch"
    engine.close()


def test_torch_takes_over_where_openvino_does_not_start(model, monkeypatch):
    from hashviewer.encoding.openvino_engine import OpenVinoEngine

    def refuse(*_, **__):
        raise EncodingError("OpenVINO does not start on this machine.")

    monkeypatch.setattr(OpenVinoEngine, "open", refuse)
    assert open_engine(model, device="cpu").name == "torch"
    with pytest.raises(EncodingError, match="does not start"):
        open_engine(model, device="cpu", engine="openvino")
