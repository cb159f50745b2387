"""DRSCH against its formula as plain loops and the worked weighted distance."""

import pytest
import torch
from made_examples import LABELS, batch_of, begun, built, values

from hashviewer.methods import Clock

ONE, TWO = [1.0, 0.0], [0.0, 1.0]


def test_the_terms_are_those_of_the_formula():
    method, _ = begun("drsch", bits=5, laplacian=0.3, alike=1.0, unlike=0.25, margin=1.5)
    method.weights.data = torch.tensor([1.0, 0.5, -2.0, 0.3, 1.2])
    batch = batch_of(method, outputs=torch.randn(12, 5), labels=LABELS)
    terms = values(method(batch))
    scaled = (method.weights * torch.tanh(2.5 * batch.outputs)).tolist()

    def apart(i, j):
        return sum((a - b) ** 2 for a, b in zip(scaled[i], scaled[j], strict=True))

    hinges = [
        max(0.0, apart(a, p) - apart(a, n) + 1.5)
        for a in range(12)
        for p in range(12)
        for n in range(12)
        if a != p and a % 4 == p % 4 and a % 4 != n % 4
    ]
    smooth = sum((1.0 if i % 4 == j % 4 else 0.25) * apart(i, j) / 2 for i in range(12) for j in range(12))
    assert terms["triplets"] == pytest.approx(sum(hinges) / len(hinges), rel=1e-4)
    assert terms["laplacian"] == pytest.approx(0.3 * smooth / 144, rel=1e-4)


def test_the_regularizer_is_the_trace_with_the_laplacian_and_0_for_equal_codes():
    method = built("drsch", bits=3, laplacian=1.0, unlike=0.5)
    batch = batch_of(method, outputs=torch.randn(12, 3), labels=LABELS)
    codes = batch.relaxed.T.double()
    same = LABELS.double() @ LABELS.T.double()
    adjacency = same + 0.5 * (1 - same)
    laplacian = torch.diag(adjacency.sum(1)) - adjacency
    trace = float((codes @ laplacian @ codes.T).trace())
    assert values(method(batch))["laplacian"] == pytest.approx(trace / 144, rel=1e-4)
    equal = batch_of(method, outputs=torch.ones(12, 3), labels=LABELS)
    assert values(method(equal))["laplacian"] == pytest.approx(0, abs=1e-6)


def test_a_triplet_far_enough_apart_gives_no_gradient_and_others_that_of_the_paper():
    method = built("drsch", bits=2, margin=3.0, laplacian=0.0)
    method.activate = lambda outputs: outputs
    for negative, active in (([-0.9, 1.0], False), ([1.0, 0.6], True)):
        outputs = torch.tensor([[1.0, 1.0], [1.0, 0.8], negative], requires_grad=True)
        method(batch_of(method, outputs=outputs, labels=[ONE, ONE, TWO]))["triplets"].backward()
        a, p, n = outputs.detach()
        if not active:
            assert not outputs.grad[0].any()
        # anchors 0 and 1 share the mean: image 0 is anchor of one triplet and positive of the other
        expected = torch.stack(
            [2 * (n - p) + 2 * (a - p), 2 * (p - a) + 2 * (n - a), 2 * (a - n) + 2 * (p - n)]
        )
        if active:
            assert torch.allclose(outputs.grad, expected / 2, atol=1e-6)


def test_sharpness_and_margin_grow_in_steps():
    method = built("drsch", every=10_000)
    for step, increases in ((0, 0), (9_999, 0), (10_000, 1), (25_000, 2)):
        method.begin_step(Clock(epoch=0, epochs=1, step=step, steps_per_epoch=30_000))
        assert method.margin == pytest.approx(5 + 0.1 * increases)
        assert float(method.continuation.beta) == pytest.approx(2.5 * 1.1**increases)
    assert float(method.activation(torch.tensor([0.1]))) == pytest.approx(
        float(2 * torch.sigmoid(torch.tensor(0.1 * 5 * 1.1**2)) - 1), abs=1e-6
    )


def test_the_weighted_distance_is_that_worked_by_hand_and_can_keep_the_heaviest_bits():
    query, item = torch.tensor([[0.7, 0.2, -0.1]]), torch.tensor([[-1.0, 1.0, 1.0]])
    for used, weighted, expected in ((None, True, 4.25), (2, True, 4.0), (2, False, 1.0), (None, False, 2.0)):
        method = built("drsch", bits=3, used=used, weighted=weighted)
        method.weights.data = torch.tensor([2.0, -1.0, 0.5])
        assert method.bit_order().tolist() == [0, 1, 2]
        assert float(method.distances(query, item)) == pytest.approx(expected)


def test_bits_without_weight_do_not_count():
    method = built("drsch")
    queries, codes = torch.randn(4, 16), torch.where(torch.randn(7, 16) > 0, 1.0, -1.0)
    method.weights.data = torch.rand(16) + 0.1
    method.weights.data[[2, 5, 11]] = 0
    left = [k for k in range(16) if k not in {2, 5, 11}]
    smaller = built("drsch", bits=13)
    smaller.weights.data = method.weights.data[left]
    expected = smaller.distances(queries[:, left], codes[:, left])
    assert torch.allclose(method.distances(queries, codes), expected, atol=1e-5)
    assert set(method.bit_order()[:13].tolist()) == set(left)


def test_the_graph_of_features_joins_near_images_more():
    method = built("drsch", graph="features", laplacian=1.0)
    outputs, features = torch.randn(6, 16), torch.randn(6, 32)
    features[1] = features[0]
    outputs[1] = -outputs[0]
    terms = values(method(batch_of(method, outputs=outputs, labels=LABELS[:6], features=features)))
    apart = torch.cdist(features, features).square()
    weights = torch.exp(-apart / apart.mean())
    codes = torch.tanh(2.5 * outputs)
    expected = float((weights * torch.cdist(codes, codes).square()).sum() / 72)
    assert terms["laplacian"] == pytest.approx(expected, rel=1e-3)
