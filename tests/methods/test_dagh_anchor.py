import math

import pytest
import torch
from made_examples import BITS, LABELS, batch_of, begun, built, values

from hashviewer.methods import Clock, TrainingItems
from hashviewer.methods._labels import ridge

SEVERAL = torch.tensor([[1.0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1], [1, 0, 0, 1]])


def softplus(t):
    return math.log1p(math.exp(-abs(t))) + max(t, 0)


def test_rows_of_the_graph_sum_to_1_or_have_no_anchor():
    method, _ = begun("dagh-anchor", labels=SEVERAL, anchors=2)
    method.anchors = torch.tensor([1, 3])
    assert method.graph(SEVERAL).tolist() == [[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]]
    method.anchors = torch.tensor([0, 1, 4])
    rows = method.graph(SEVERAL)
    assert rows[0].tolist() == [pytest.approx(1 / 3)] * 3
    assert rows.sum(1).tolist() == [pytest.approx(1), 1, 0, 1, 1]


def test_smoothed_outputs_are_class_means_where_labels_are_single():
    method, _ = begun("dagh-anchor", anchors=9)
    outputs = torch.randn(12, BITS)
    expected = torch.stack([outputs[i % 4 :: 4].mean(0) for i in range(12)])
    assert torch.allclose(method.smoothed(outputs), expected, atol=1e-6)


def test_smoothed_outputs_are_those_of_the_whole_matrices():
    method, _ = begun("dagh-anchor", labels=SEVERAL, anchors=3)
    outputs = torch.randn(5, BITS)
    graph = method.graph(SEVERAL)
    expected = graph @ torch.diag(1 / graph.sum(0)) @ graph.T @ outputs
    assert torch.allclose(method.smoothed(outputs), expected, atol=1e-6)


def test_a_code_step_never_raises_its_objective():
    method, _ = begun("dagh-anchor", eta=0.3, mu=0.5, nu=0.2)
    smoothed = torch.randn(12, BITS)
    weights = ridge(method.codes, LABELS, weight=0.2 / 0.5)

    def objective(codes):
        return float(0.5 * (LABELS - codes @ weights).square().sum() - 2 * 0.3 * (codes * smoothed).sum())

    after = method.updated(smoothed)
    assert objective(after) < objective(method.codes)
    assert set(after.unique().tolist()) == {-1, 1}


def test_each_bit_is_set_as_the_formula_says():
    method, _ = begun("dagh-anchor", eta=0.3, mu=0.5, nu=0.2)
    smoothed = torch.randn(12, BITS)
    weights = ridge(method.codes, LABELS, weight=0.2 / 0.5).tolist()
    codes = method.codes.tolist()
    for k in range(BITS):
        for i in range(12):
            value = 0.3 / 0.5 * float(smoothed[i, k])
            for c in range(4):
                others = sum(codes[i][m] * weights[m][c] for m in range(BITS) if m != k)
                value += (float(LABELS[i, c]) - others) * weights[k][c]
            codes[i][k] = 1.0 if value >= 0 else -1.0
    assert method.updated(smoothed).tolist() == codes


def test_the_terms_are_those_of_the_formula():
    method, batch = begun("dagh-anchor", anchors=7, eta=0.3)
    terms = values(method(batch))
    places = method.anchors.tolist()
    pairs = near = 0.0
    for i in range(12):
        own = [j for j in places if j % 4 == i % 4]
        f = batch.outputs[i].tolist()
        for j in places:
            b = method.codes[j].tolist()
            theta = sum(x * y for x, y in zip(f, b, strict=True)) / 2
            pairs += softplus(theta) - (j in own) * theta
            if j in own:
                near += sum((x - y) ** 2 for x, y in zip(f, b, strict=True)) / len(own)
    assert terms["likelihood"] == pytest.approx(pairs / 84, rel=1e-5)
    assert terms["anchors"] == pytest.approx(0.3 * near / 12, rel=1e-4)


def test_outputs_equal_to_the_codes_of_their_anchors_cost_nothing():
    method = built("dagh-anchor")
    method.begin(TrainingItems(torch.randn(12, 32), LABELS))
    method.codes = torch.where(torch.randn(4, BITS) >= 0, 1.0, -1.0).repeat(3, 1)
    method.begin_epoch(Clock(epoch=0, epochs=1, step=0, steps_per_epoch=1))
    assert float(method(batch_of(method, outputs=method.codes, labels=LABELS))["anchors"]) == 0
    moved = method.codes.clone()
    moved[0, 0] += 0.5
    assert float(method(batch_of(method, outputs=moved, labels=LABELS))["anchors"]) > 0


def test_codes_begin_alike_within_a_class_and_balanced():
    method, _ = begun("dagh-anchor")
    codes = method.learnt_codes()
    assert set(codes.unique().tolist()) == {-1, 1}
    assert torch.equal(codes[:4].repeat(3, 1), codes)
    assert bool((codes.mean(dim=0).abs() < 1).all())  # class means less their mean have both signs


def test_anchors_are_drawn_anew_in_each_epoch():
    method, _ = begun("dagh-anchor", anchors=5)
    before = method.anchors
    method.begin_epoch(Clock(epoch=1, epochs=2, step=0, steps_per_epoch=1))
    assert len(set(method.anchors.tolist())) == 5
    assert not torch.equal(before, method.anchors)
