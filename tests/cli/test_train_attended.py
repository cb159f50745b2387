"""A training that another program watches: what it is told, how it stops it, and how it goes on."""

import json
import subprocess
import sys

import numpy as np
import pytest

from hashviewer.encoding.child import environment


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    draw = np.random.default_rng(0)
    classes = np.arange(120) % 4
    features = 2 * np.eye(4, 24)[classes] + 0.5 * draw.normal(size=(120, 24))
    path = tmp_path_factory.mktemp("data") / "arrays.npz"
    np.savez(path, features=features.astype(np.float32), labels=classes)
    return path


def begun(data, output, epochs):
    words = ["train", "dpsh", "--data", str(data), "--bits", "12", "--epochs", str(epochs)]
    return subprocess.Popen(
        [sys.executable, "-m", "hashviewer", *words, "--json", "--attended", "-o", str(output)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    )


def finished(data, output, epochs):
    process = begun(data, output, epochs)
    lines = [json.loads(line) for line in process.stdout]
    process.stdin.close()
    process.stdout.close()
    process.stderr.close()
    assert process.wait() == 0
    return lines


def test_closing_the_input_stops_it_and_the_next_run_goes_on_there(data, tmp_path):
    process = begun(data, tmp_path / "cut.safetensors", 120)
    done = 0
    for line in process.stdout:
        done += json.loads(line)["event"] == "epoch"
        if done == 8:
            process.stdin.close()
            break
    process.stdout.read()
    assert process.wait() == 130
    assert process.stderr.read().strip() == "Stopped."
    process.stdout.close()
    process.stderr.close()
    assert (tmp_path / "cut.run").exists()

    resumed = finished(data, tmp_path / "cut.safetensors", 120)
    assert resumed[0]["event"] == "begins"
    earlier = [epoch["epoch"] for epoch in resumed[0]["earlier"]]
    later = [line["epoch"] for line in resumed if line["event"] == "epoch"]
    assert len(earlier) >= 8
    assert earlier + later == list(range(1, 121))
    assert any(line["event"] == "progress" and line["total"] == 120 for line in resumed)
    assert resumed[-1]["event"] == "done"
