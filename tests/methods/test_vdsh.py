"""VDSH: every block is solved exactly, against grids and plain loops."""

import pytest
import torch
from made_examples import built, four_classes

from hashviewer.methods import Shape, TrainingItems
from hashviewer.methods.vdsh import Splitting, pre_activations, usual_width


def splitting(**changes):
    torch.manual_seed(0)
    features, labels = four_classes(30)
    thetas = [torch.randn(8, 64) / 8, torch.randn(8, 8) / 2, torch.randn(5, 8) / 2]
    constants = {"decay": 0.7, "beta": 0.5, "gamma": 0.3, "rho": 0.2, **changes}
    return Splitting(features.double(), labels.double(), [theta.double() for theta in thetas], **constants)


def test_the_objective_is_that_of_the_formula():
    split = splitting()
    split.sweep()
    total = 0.0
    for i in range(30):
        predicted = (split.after[3][i] @ split.classifier).tolist()
        total += sum((y - p) ** 2 for y, p in zip(split.labels[i].tolist(), predicted, strict=True)) / 2
        for m in range(3):
            given = (split.thetas[m] @ split.after[m][i]).tolist()
            for a, t, z in zip(
                split.before[m][i].tolist(), given, split.after[m + 1][i].tolist(), strict=True
            ):
                made = a if m == 2 else max(a, 0)
                total += 0.5 / 2 * (a - t) ** 2 + 0.3 / 2 * (z - made) ** 2
    total += 0.7 / 2 * sum(v**2 for v in split.classifier.flatten().tolist())
    total += 0.2 / 2 * sum(v**2 for theta in split.thetas for v in theta.flatten().tolist())
    assert split.objective() == pytest.approx(total)


def test_no_block_update_raises_the_objective():
    split = splitting()
    for _ in range(3):
        for layer in range(3):
            for update in (split.set_theta, split.set_before, split.set_after):
                before = split.objective()
                update(layer)
                assert split.objective() <= before + 1e-9
        before = split.objective()
        split.set_classifier()
        assert split.objective() <= before + 1e-9


def test_smooth_blocks_are_set_where_the_objective_is_flat():
    split = splitting()
    split.sweep()
    for update, blocks, layer in (
        (split.set_theta, split.thetas, 1),
        (split.set_after, split.after, 1),
        (split.set_after, split.after, 2),
    ):
        update(layer)
        place = layer + (blocks is split.after)
        least, chosen = split.objective(), blocks[place]
        for step in (1e-3, -1e-3):
            blocks[place] = chosen + step * torch.randn_like(chosen)
            assert split.objective() > least
        blocks[place] = chosen


def test_the_classifier_is_the_ridge_regression_of_the_labels():
    split = splitting()
    codes = split.after[-1]
    gram = codes.T @ codes + 0.7 * torch.eye(5, dtype=torch.float64)
    assert torch.allclose(split.classifier, gram.inverse() @ codes.T @ split.labels)


def test_pre_activations_are_those_of_a_grid_search():
    for z, t, expected in ((1.0, 0.5, 0.75), (0.0, -1.0, -1.0)):
        found = pre_activations(torch.tensor(t), torch.tensor(z), beta=1, gamma=1, linear=False)
        assert float(found) == pytest.approx(expected)
    grid = torch.linspace(-4, 4, 8001)
    for beta, gamma in ((1.0, 1.0), (0.3, 2.0)):
        for linear in (False, True):
            for z, t in torch.randn(40, 2).tolist():
                kept = grid if linear else grid.clamp_min(0)
                best = float((gamma * (z - kept).square() + beta * (grid - t).square()).min())
                a = float(
                    pre_activations(torch.tensor(t), torch.tensor(z), beta=beta, gamma=gamma, linear=linear)
                )
                cost = gamma * (z - (a if linear else max(a, 0))) ** 2 + beta * (a - t) ** 2
                assert cost <= best + 1e-5


def test_the_fitted_network_halves_each_bit_and_learns_more_than_it_began_with():
    features, labels = four_classes(200)
    spread = {}
    for sweeps in (0, 50):
        method = built("vdsh", dim=64, sweeps=sweeps)
        method.fit(TrainingItems(features, labels))
        outputs = method.hash_layer(features)
        assert bool(((outputs >= 0).float().mean(0) - 0.5).abs().max() <= 0.01)
        centres = labels.T @ outputs / 50
        spread[sweeps] = float((outputs - labels @ centres).square().mean() / outputs.square().mean())
    assert spread[50] < 0.5 * spread[0]


def test_the_usual_width_makes_no_more_weights_than_one_hidden_layer():
    for layers in (1, 2, 8, 64):
        width = usual_width(Shape(1280, 48, 10, hidden=256), layers)
        total = (1280 + 48) * width + (layers - 1) * width**2
        wider = (1280 + 48) * (width + 1) + (layers - 1) * (width + 1) ** 2
        assert total <= (1280 + 48) * 256 < wider
