import math

import pytest
import torch
from made_examples import BITS, batch_of, begun, built, values

from hashviewer.methods.hmi import entropy

LABELS = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
FAR = 50.0  # an output whose relaxed code is 1


def test_separated_classes_tell_all_that_can_be_told():
    method = built("hmi", bits=2, classes=2, bins=2)
    rows = [[FAR, FAR], [FAR, FAR], [-FAR, -FAR], [-FAR, -FAR]]
    found = float(method(batch_of(method, outputs=rows, labels=LABELS))["information"])
    assert found == pytest.approx(-0.918296, abs=1e-5)


def test_collapsed_codes_tell_nothing():
    method = built("hmi", bits=2, classes=2, bins=2)
    found = float(method(batch_of(method, outputs=[[FAR, FAR]] * 4, labels=LABELS))["information"])
    assert found == pytest.approx(0, abs=1e-6)


def test_entropy_is_in_bits_and_0_without_counts():
    assert entropy(torch.tensor([[2.0, 2.0], [3.0, 0.0], [0.0, 0.0]])).tolist() == [
        pytest.approx(1),
        pytest.approx(0, abs=1e-6),
        pytest.approx(0, abs=1e-6),
    ]


def test_items_without_a_neighbour_or_without_another_do_not_count():
    method = built("hmi", bits=2, classes=3, bins=2)
    rows = [[FAR, FAR], [FAR, FAR], [-FAR, -FAR], [-FAR, FAR]]
    labels = [[1.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    found = float(method(batch_of(method, outputs=rows, labels=labels))["information"])
    # of the first two: a neighbour at 0, others at 2 and 1: H(1/3, 1/3, 1/3) - 2/3 H(1/2, 1/2)
    assert found == pytest.approx(-(math.log2(3) - 2 / 3), abs=1e-5)


def test_the_loss_is_that_of_the_formula():
    method, batch = begun("hmi", slope=2.0, bins=5)
    found = values(method(batch))["information"]
    phi = [[2 / (1 + math.exp(-2 * v)) - 1 for v in row] for row in batch.outputs.tolist()]
    width = BITS / 5

    def entropy_of(counts):
        return -sum(c / sum(counts) * math.log2(c / sum(counts)) for c in counts if c > 0)

    total = 0.0
    for i in range(12):
        near, far = [0.0] * 6, [0.0] * 6
        for j in range(12):
            if i == j:
                continue
            d = (BITS - sum(a * b for a, b in zip(phi[i], phi[j], strict=True))) / 2
            counts = near if i % 4 == j % 4 else far
            for place in range(6):
                counts[place] += max(0.0, 1 - abs(d - place * width) / width)
        every = [a + b for a, b in zip(near, far, strict=True)]
        total += entropy_of(every) - 2 / 11 * entropy_of(near) - 9 / 11 * entropy_of(far)
    assert found == pytest.approx(-total / 12, rel=1e-4)
