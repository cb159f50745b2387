import math

import pytest
import torch
from made_examples import LABELS, batch_of, begun, built, values

from hashviewer.methods import TrainingItems
from hashviewer.methods.cnnh import move, newton_step, pursue_codes

OPPOSITE = torch.tensor([[1.0, -1], [-1, 1]])


def test_the_worked_example():
    codes = torch.tensor([[0.8], [0.6]], dtype=torch.float64)
    residual = codes @ codes.T - OPPOSITE
    assert float(residual.square().sum()) == pytest.approx(4.92)
    change = newton_step(codes, residual, torch.ones(2, dtype=torch.float64), 0, 0)
    assert change == pytest.approx(-0.46875)
    move(codes, residual, 0, 0, change)
    assert float(residual.square().sum()) == pytest.approx(4.07619, abs=1e-5)
    assert torch.allclose(residual, codes @ codes.T - OPPOSITE)


@pytest.mark.parametrize("weights", [[1.0, 1, 1], [2.0, 1, 3]], ids=["of images", "of label sets"])
def test_a_step_is_slope_over_curvature_of_the_weighted_objective(weights):
    torch.manual_seed(0)
    codes = torch.rand(3, 4, dtype=torch.float64) - 0.5
    noise = torch.randn(3, 3, dtype=torch.float64) / 20
    targets = codes @ codes.T + noise + noise.T
    counts = torch.tensor(weights, dtype=torch.float64)

    def objective(by):
        moved = codes.clone()
        moved[1, 2] += by
        total = 0.0
        for a in range(3):
            for b in range(3):
                total += float(counts[a] * counts[b] * (moved[a] @ moved[b] - targets[a, b]) ** 2)
        return total

    step = 1e-4
    slope = (objective(step) - objective(-step)) / (2 * step)
    curvature = (objective(step) - 2 * objective(0) + objective(-step)) / step**2
    expected = min(max(-slope / curvature, -1 - float(codes[1, 2])), 1 - float(codes[1, 2]))
    found = newton_step(codes, codes @ codes.T - targets, counts, 1, 2)
    assert abs(found) < 0.9
    assert found == pytest.approx(expected, rel=1e-4)


def test_where_the_curvature_is_negative_the_entry_moves_down_to_the_bound():
    codes = torch.tensor([[0.1], [0.05]], dtype=torch.float64)
    residual = codes @ codes.T - OPPOSITE
    change = newton_step(codes, residual, torch.ones(2, dtype=torch.float64), 0, 0)
    assert float(codes[0, 0]) + change == pytest.approx(1)
    before = float(residual.square().sum())
    move(codes, residual, 0, 0, change)
    assert float(residual.square().sum()) < before


def test_classes_get_codes_far_apart_and_images_of_a_class_the_same():
    method, _ = begun("cnnh")
    codes = method.targets
    for i in range(12):
        for j in range(12):
            if i % 4 == j % 4:
                assert torch.equal(codes[i], codes[j])
            else:
                assert float(codes[i] @ codes[j]) <= 4  # of 16


def test_rows_for_images_solve_the_problem_as_printed():
    torch.manual_seed(0)
    method = built("cnnh", rows="images")
    method.begin(TrainingItems(torch.zeros(12, 32), LABELS))
    inner = method.targets @ method.targets.T
    same = (LABELS @ LABELS.T) > 0
    assert float(inner[same].mean()) > 12
    assert float(inner[~same].mean()) < 0


def test_more_sweeps_never_raise_the_objective():
    similarity = 2 * torch.eye(6) - 1
    errors = []
    for sweeps in (1, 3, 10):
        torch.manual_seed(3)
        codes = pursue_codes(similarity, torch.ones(6), 24, sweeps=sweeps)
        assert set(codes.unique().tolist()) == {-1.0, 1.0}
        errors.append(float((codes @ codes.T - 24 * similarity).square().sum()))
    assert errors[-1] <= errors[0]


def test_the_network_fits_the_codes_of_its_images_and_the_labels():
    method = built("cnnh-plus", bits=2, classes=2, label_units=0.5)
    method.targets = torch.tensor([[1.0, 1], [1, -1]])
    outputs = [[0.5, -2.0, 0.3, -0.1], [1.0, 0.0, 0.2, 0.6]]
    batch = batch_of(method, outputs=outputs, labels=[[1, 0], [0, 1]], indices=[1, 0])
    found = values(method(batch))
    assert found["codes"] == pytest.approx((0.25 + 1 + 0 + 1) / 4)
    cross = math.log(1 + math.exp(-0.4)), math.log(1 + math.exp(-0.4))
    assert found["labels"] == pytest.approx(0.5 * sum(cross) / 2)
    assert method.encode(batch.outputs).tolist() == [[0.5, -2.0], [1.0, 0.0]]


def test_the_logistic_loss_is_that_of_each_bit():
    method = built("cnnh", bits=2, loss="logistic")
    method.targets = torch.tensor([[1.0, -1]])
    found = values(method(batch_of(method, outputs=[[0.5, 2.0]], labels=LABELS[:1])))["codes"]
    assert found == pytest.approx((math.log1p(math.exp(-0.5)) + math.log1p(math.exp(2.0))) / 2)
