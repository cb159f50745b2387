import pytest
import torch
from made_examples import BITS, LABELS, batch_of, begun, built, four_classes, trained, values

from hashviewer.methods import Shape, TrainingItems, find_method, signs

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


def test_it_begins_with_white_principal_components_and_identities():
    torch.manual_seed(0)
    method = find_method("sdh").method(components=24)
    method.build(Shape(32, 16, 4, head="mlp"))
    features = torch.randn(50, 32) * torch.linspace(1, 9, 32)
    with torch.no_grad():
        method.begin(TrainingItems(features, LABELS[:1].repeat(50, 1)))
        white = method.hash_layer[0](features - features.mean(0))
    assert white.shape == (50, 24)
    assert torch.allclose(white.T @ white / 50, torch.eye(24), atol=1e-4)
    variances = 1 / method.hash_layer[0].directions.square().sum(1)
    largest = torch.linalg.eigvalsh(torch.cov(features.T, correction=0)).flip(0)[:24]
    assert torch.allclose(variances, largest, rtol=1e-3)
    for layer, (width, before) in zip(method.layers(), [(24, 24), (24, 24), (16, 24)], strict=True):
        assert torch.equal(layer.weight, torch.eye(width, before))


def test_components_without_variance_are_not_blown_up():
    method = find_method("sdh").method()
    method.build(Shape(32, 16, 4, head="linear"))
    features = torch.randn(10, 4) @ torch.randn(4, 32)  # of rank 4
    with torch.no_grad():
        method.begin(TrainingItems(features, LABELS[:1].repeat(10, 1)))
        elsewhere = method.hash_layer[0](torch.randn(10, 32))
    assert bool((elsewhere.abs() < 500).all())


def test_bits_differ_where_the_classes_do():
    done, scores = trained("sdh", epochs=60)
    features, _ = four_classes()
    with torch.no_grad():
        codes = signs(done.method.outputs(features))
    related = torch.corrcoef(codes.T).nan_to_num(0).abs()
    assert float((related.sum() - BITS) / (BITS * (BITS - 1))) < 0.6
    assert scores.tie_aware > 0.98


def test_moving_dissimilar_outputs_apart_lowers_and_similar_ones_raises_the_pair_term():
    method = built("sdh", bits=1, classes=2)

    def pairs(to, labels):
        return values(method(batch_of(method, outputs=[[0.1], [to]], labels=labels)))["pairs"]

    assert pairs(-0.6, [[1, 0], [0, 1]]) < pairs(-0.5, [[1, 0], [0, 1]])
    assert pairs(-0.6, [[1, 0], [1, 0]]) > pairs(-0.5, [[1, 0], [1, 0]])
