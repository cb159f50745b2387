"""Several processes train as one with the same batches would."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from hashviewer.errors import TrainingError
from hashviewer.training.crew import ALONE, Crew, crew_here, device_in_crew
from hashviewer.training.precision import check_bfloat16

MEMBER = Path(__file__).with_name("crew_member.py")
# likelihood with a memory bank; two views; an adversary beside the hash layer; alternating updates of codes; maps
KEYS = ("dpsh", "cibhash", "dshgan", "adsh", "doh")


def run(*words):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(MEMBER.parents[2])}
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_two_processes_give_the_same_terms_and_weights_as_one(tmp_path):
    run(str(MEMBER), str(tmp_path / "one.safetensors"), *KEYS)
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    run(*torchrun, str(MEMBER), str(tmp_path / "two.safetensors"), *KEYS)
    one, two = load_file(tmp_path / "one.safetensors"), load_file(tmp_path / "two.safetensors")
    assert one.keys() == two.keys()
    for name, values in one.items():
        assert torch.allclose(values, two[name], rtol=1e-3, atol=1e-4), name


def test_torchrun_says_who_one_is(monkeypatch):
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    assert crew_here() == ALONE
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "3")
    assert crew_here() == Crew(1, 3)
    assert not crew_here().leads


def test_processes_on_gpus_take_one_each(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert device_in_crew("cuda", Crew(1, 2)) == "cuda:1"
    assert device_in_crew("cuda:1", ALONE) == "cuda:1"
    assert device_in_crew("cpu", Crew(1, 2)) == "cpu"
    with pytest.raises(TrainingError, match="cannot share cuda:0"):
        device_in_crew("cuda:0", Crew(1, 2))
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(TrainingError, match="no more processes than GPUs"):
        device_in_crew("cuda", Crew(2, 3))


def test_16_bits_are_refused_where_the_processor_only_imitates_them(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "avx512_bf16": False})
    with pytest.raises(TrainingError, match="leave out --bfloat16"):
        check_bfloat16("cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    check_bfloat16("cpu")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_that_has_16_bits_may_use_them():
    if torch.cuda.is_bf16_supported(including_emulation=False):
        check_bfloat16("cuda")
