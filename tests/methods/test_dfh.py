import math

import pytest
import torch
from made_examples import BITS, LABELS, batch_of, begun, built, values

ONE = [1.0, 0.0]
TWO = [0.0, 1.0]


def softplus(t):
    return math.log1p(math.exp(-abs(t))) + max(t, 0)


def metric_of(theta, *, similar, margin):
    """The metric loss of two items of this theta, whose pairs with themselves have theta 50."""
    method = built("dfh", bits=2, classes=2, margin=margin)
    labels = [ONE, ONE if similar else TWO]
    method.bank.outputs = torch.zeros(2, 2)
    method.bank.labels = torch.tensor(labels)
    rows = [[10.0, 0.0], [theta / 5, math.sqrt(100 - (theta / 5) ** 2)]]
    return float(method(batch_of(method, outputs=rows, labels=labels))["metric"]) * 2


def test_the_metric_loss_is_that_worked_by_hand():
    assert metric_of(0, similar=True, margin=0) == pytest.approx(math.log(2))
    assert metric_of(10, similar=True, margin=3) == pytest.approx(9.1147e-4, rel=1e-3)
    assert metric_of(0, similar=True, margin=3) == pytest.approx(3.048587, rel=1e-5)
    assert metric_of(0, similar=False, margin=3) == pytest.approx(3.048587, rel=1e-5)


@pytest.mark.parametrize("margin", [0.0, 2.0])
def test_the_terms_are_those_of_the_formula(margin):
    method, batch = begun("dfh", margin=margin, quantization=0.25, shift=0.5)
    method.bank.outputs = torch.randn(len(LABELS), BITS)
    method.centers = torch.where(torch.randn(4, BITS) >= 0, 1.0, -1.0)
    centers = method.centers.tolist()
    some = batch_of(method, outputs=batch.outputs[:5], labels=LABELS[:5])
    terms = values(method(some))
    metric = lost = 0.0
    for i in range(5):
        u = some.outputs[i].tolist()
        for value, center in zip(u, centers[i % 4], strict=True):
            lost += ((1 if value + 0.5 * center >= 0 else -1) - value) ** 2
        for j in range(12):
            theta = sum(a * b for a, b in zip(u, method.bank.outputs[j].tolist(), strict=True)) / 2
            metric += softplus(margin - theta) if i % 4 == j % 4 else softplus(margin + theta)
            if margin == 0:
                assert softplus(-theta) == pytest.approx(softplus(theta) - theta)
    assert terms["metric"] == pytest.approx(metric / 60, rel=1e-5)
    assert terms["quantization"] == pytest.approx(0.25 * lost / (5 * BITS), rel=1e-5)


@pytest.mark.parametrize("step", ["relaxed", "discrete"])
def test_far_pushed_centres_of_two_classes_are_complementary(step):
    method = built("dfh", classes=2, push=1e4 if step == "discrete" else 10.0, step=step)
    codes = torch.where(torch.randn(20, BITS) >= 0, 1.0, -1.0)
    labels = torch.tensor([ONE, TWO]).repeat(10, 1)
    for _ in range(5):
        method.move_centers(codes, labels)
    assert torch.equal(method.centers[0], -method.centers[1])


def test_a_relaxed_step_descends_the_three_means():
    method = built("dfh", push=0.7, binary=0.3)
    codes = torch.where(torch.randn(12, BITS) >= 0, 1.0, -1.0)
    method.real_centers = torch.randn(4, BITS)
    real = method.real_centers.clone().requires_grad_()
    for step in range(200):
        loss = (LABELS @ real - codes).square().mean()
        loss = loss + 0.7 * (real @ real.T - BITS * (2 * torch.eye(4) - 1)).square().mean()
        loss = loss + 0.3 * (real - real.sign().detach()).square().mean()
        (gradient,) = torch.autograd.grad(loss, real)
        with torch.no_grad():
            real -= 0.03 * (1 if step < 150 else 0.1 if step < 180 else 0.01) * gradient
    method.move_centers(codes, LABELS)
    assert torch.allclose(method.real_centers, real.detach(), atol=1e-4)


def test_a_discrete_step_never_raises_the_centre_loss():
    method = built("dfh", push=0.5, step="discrete")
    codes = torch.where(torch.randn(12, BITS) >= 0, 1.0, -1.0)

    def loss():
        apart = method.centers @ method.centers.T - BITS * (2 * torch.eye(4) - 1)
        near = (codes - LABELS @ method.centers).square().sum()
        return float(near + 0.5 * (apart - apart.diag().diag()).sum())  # the push is linear in one centre

    before = loss()
    method.move_centers(codes, LABELS)
    assert loss() <= before


def test_codes_of_items_near_0_take_the_signs_of_their_class():
    method, batch = begun("dfh", step="discrete")
    shifted = batch_of(method, outputs=0.01 * batch.outputs.detach(), labels=LABELS)
    expected = method.centers[torch.arange(12) % 4]
    lost = float(method(shifted)["quantization"])
    assert lost == pytest.approx(0.5 * float((expected - shifted.outputs).square().mean()), rel=1e-5)
