import math

import pytest
import torch
from made_examples import BITS, batch_of, begun, built, values

from hashviewer.methods import TrainingItems
from hashviewer.methods.bi_half import halves


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.hypot(*a) / math.hypot(*b)


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("key", ["greedyhash-unsupervised", "bi-half"])
def test_the_cosines_are_those_of_the_formula(key, centred):
    method, _ = begun(key, centred=centred)
    raw = torch.rand(9, 32) + 1
    method.scaling.fit(raw)
    outputs = torch.randn(9, BITS)
    batch = batch_of(method, outputs=outputs, labels=torch.zeros(9, 0), features=method.scaling(raw))
    codes = (halves(outputs) if key == "bi-half" else torch.sign(outputs)).tolist()
    shown = (method.scaling(raw) if centred else raw).tolist()
    total = sum((cosine(codes[i], codes[i + 4]) - cosine(shown[i], shown[i + 4])) ** 2 for i in range(4))
    assert values(method(batch))["cosines"] == pytest.approx(total / 4, rel=1e-4)


def test_greedyhash_keeps_outputs_near_their_codes():
    method = built("greedyhash-unsupervised", bits=2, alpha=0.5)
    batch = batch_of(method, outputs=[[0.5, -2.0]], labels=torch.zeros(1, 0))
    assert values(method(batch)) == {"cosines": 0, "regularizer": pytest.approx(0.5 * 0.5625)}


def test_half_of_a_batch_gets_each_value_in_every_bit():
    outputs = torch.tensor([[3.0, -1], [2, -2], [1, -3], [5, -4]])
    assert halves(outputs).tolist() == [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    assert halves(torch.zeros(6, 3)).sum(0).tolist() == [0, 0, 0]


def test_bi_half_passes_the_gradient_and_pulls_outputs_to_their_codes():
    method = built("bi-half", bits=2, gamma=6.0)
    outputs = torch.tensor([[0.5, 2.0], [-0.5, 1.0]], requires_grad=True)
    given = torch.tensor([[1.0, 2], [3, 4]])
    method.activation(outputs).backward(given)
    codes = [[1, 1], [-1, -1]]
    expected = [
        [given[i, k].item() + 6 * (outputs[i, k].item() - codes[i][k]) / 4 for k in range(2)]
        for i in range(2)
    ]
    assert outputs.grad.tolist() == [pytest.approx(row) for row in expected]


def test_two_tight_clusters_are_similar_within_and_dissimilar_across():
    centres = torch.tensor([[1.0, 0, 0, 0], [-1, 0.2, 0, 0]])
    features = torch.cat([centres.repeat(5, 1), torch.randn(400, 4)])
    method = built("ssdh-unsupervised", dim=4, deviations=1.0)
    with torch.no_grad():
        method.begin(TrainingItems(features, torch.zeros(410, 0)))
    structure = method.structure(features[:10])
    for i in range(10):
        for j in range(10):
            assert float(structure[i, j]) == (1 if i % 2 == j % 2 else -1)


def test_thresholds_follow_the_mirrored_deviations():
    features = torch.randn(60, 6)
    method = built("ssdh-unsupervised", dim=6)
    with torch.no_grad():
        method.begin(TrainingItems(features, torch.zeros(60, 0)))
    rows = features.tolist()
    distances = [1 - cosine(a, b) for a in rows for b in rows if a is not b]
    counts = [0] * 200
    for d in distances:
        counts[min(max(int(d / 0.01 + 1e-6), 0), 199)] += 1
    mode = counts.index(max(counts)) * 0.01
    for side, found in ((-1, method.near), (1, method.far)):
        kept = [d - mode for d in distances if (d - mode > 0) == (side > 0)]
        mirrored = kept + [-d for d in kept]
        deviation = math.sqrt(sum(d * d for d in mirrored) / len(mirrored))
        assert float(found) == pytest.approx(mode + side * 2 * deviation, abs=0.03)


def test_ssdh_is_that_of_the_formula_and_0_without_sure_pairs():
    method, batch = begun("ssdh-unsupervised")
    structure = torch.randint(-1, 2, (12, 12)).float()
    method.structure = lambda features: structure
    h = torch.tanh(batch.outputs).tolist()
    total = 0.0
    for i in range(12):
        for j in range(12):
            product = sum(a * b for a, b in zip(h[i], h[j], strict=True)) / BITS
            total += abs(float(structure[i, j])) * (product - float(structure[i, j])) ** 2
    assert values(method(batch))["structure"] == pytest.approx(total / 144, rel=1e-4)
    method.structure = lambda features: torch.zeros(12, 12)
    assert values(method(batch))["structure"] == 0
