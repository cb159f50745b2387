import pytest
import torch
from made_examples import LABELS, batch_of, begun, built, values

from hashviewer.methods import Shape, TrainingItems, find_method

OUTPUTS = [[20.0, 20.0], [-20.0, 20.0]]  # tanh gives exact signs


@pytest.mark.parametrize(("labels", "expected"), [([[1, 0], [0, 1]], -3), ([[1, 0], [1, 0]], 1)])
def test_the_worked_example(labels, expected):
    method = built("sdh", bits=2, classes=2, quantization=1.0, alpha=1.0, orthogonal=1.0, decay=0.0)
    for layer in method.layers():
        torch.nn.init.eye_(layer.weight)
    terms = values(method(batch_of(method, outputs=OUTPUTS, labels=labels)))
    assert sum(terms.values()) == pytest.approx(expected, abs=1e-5)
    assert terms["orthogonality"] == 0


def test_every_term_is_that_of_the_formula():
    method, batch = begun("sdh", quantization=0.3, variance=0.7, alpha=1.3, orthogonal=0.2, decay=0.1)
    h = batch.relaxed.tolist()
    n, bits = len(h), len(h[0])
    quantization = sum((v - (1 if v >= 0 else -1)) ** 2 for row in h for v in row)
    variance = sum(v * v for row in h for v in row)
    pairs = {True: [], False: []}
    for i in range(n):
        for j in range(n):
            if i != j:
                same = LABELS[i].tolist() == LABELS[j].tolist()
                pairs[same].append(sum((h[i][k] - h[j][k]) ** 2 for k in range(bits)))
    mean = {same: sum(found) / len(found) for same, found in pairs.items()}
    turned = large = 0.0
    for layer in method.layers():
        weight = layer.weight.tolist()
        for a in range(len(weight)):
            for b in range(len(weight)):
                dot = sum(x * y for x, y in zip(weight[a], weight[b], strict=True))
                turned += (dot - (a == b)) ** 2
        large += sum(x * x for row in weight for x in row) + sum(x * x for x in layer.bias.tolist())
    found = values(method(batch))
    assert found["quantization"] == pytest.approx(0.3 * quantization / n / 2, rel=1e-4)
    assert found["variance"] == pytest.approx(-0.7 * variance / n / 2, rel=1e-4)
    assert found["pairs"] == pytest.approx(0.7 * 1.3 * (mean[True] - mean[False]) / 2, rel=1e-4)
    assert found["orthogonality"] == pytest.approx(0.2 * turned / 2, rel=1e-4, abs=1e-6)
    assert found["weights"] == pytest.approx(0.1 * large / 2, rel=1e-4)


def test_it_begins_with_principal_directions_and_identities():
    torch.manual_seed(0)
    method = find_method("sdh").method()
    method.build(Shape(32, 16, 4, head="mlp"))
    with torch.no_grad():
        method.begin(TrainingItems(torch.randn(50, 32), LABELS[:1].repeat(50, 1)))
    first, second, third = method.layers()
    assert torch.allclose(first.weight @ first.weight.T, torch.eye(32), atol=1e-5)
    assert torch.equal(second.weight, torch.eye(30, 32))
    assert torch.equal(third.weight, torch.eye(16, 30))


def test_moving_dissimilar_outputs_apart_lowers_and_similar_ones_raises_the_pair_term():
    method = built("sdh", bits=1, classes=2)

    def pairs(to, labels):
        return values(method(batch_of(method, outputs=[[0.1], [to]], labels=labels)))["pairs"]

    assert pairs(-0.6, [[1, 0], [0, 1]]) < pairs(-0.5, [[1, 0], [0, 1]])
    assert pairs(-0.6, [[1, 0], [1, 0]]) > pairs(-0.5, [[1, 0], [1, 0]])
