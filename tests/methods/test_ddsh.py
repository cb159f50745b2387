import itertools

import pytest
import torch
from made_examples import BITS, CLOCK, LABELS, batch_of, begun, built, values

from hashviewer.methods import Clock
from hashviewer.methods.ddsh import least_scatter


def program(size):
    torch.manual_seed(size)
    matrix = torch.randn(size, size, dtype=torch.float64)
    matrix = (matrix + matrix.T).fill_diagonal_(0)
    return matrix, torch.randn(size, dtype=torch.float64)


def value(matrix, linear, code):
    return float(code @ matrix @ code + linear @ code)


def zeros_and_ones(size):
    return [torch.tensor(z, dtype=torch.float64) for z in itertools.product([0.0, 1.0], repeat=size)]


def of_z(matrix, linear):
    """A (M + 1, M + 1) of z^T A z."""
    size = len(linear)
    whole = torch.zeros(size + 1, size + 1, dtype=torch.float64)
    whole[:size, :size] = 4 * matrix
    whole[:size, size] = whole[size, :size] = (2 * linear - 2 * (matrix.sum(0) + matrix.sum(1))) / 2
    return whole


def test_two_dissimilar_items_get_opposite_bits():
    code = least_scatter(torch.tensor([[0.0, 2], [2, 0]]), torch.zeros(2))
    assert code[0] == -code[1]


def test_the_form_in_zeros_and_ones_differs_by_a_constant():
    matrix, linear = program(4)
    whole = of_z(matrix, linear)
    gaps = []
    for z in zeros_and_ones(4):
        longer = torch.cat([z, torch.ones(1, dtype=torch.float64)])
        gaps.append(value(matrix, linear, 2 * z - 1) - float(longer @ whole @ longer))
    assert gaps == pytest.approx([gaps[0]] * 16)


def test_scatter_and_objective_order_balanced_codes_alike():
    matrix, linear = program(5)
    whole = of_z(matrix, linear)
    whole = whole / whole.abs().max()
    columns = torch.linalg.cholesky(10 * torch.eye(6, dtype=torch.float64) - whole).T
    pairs = []
    for z in zeros_and_ones(5):
        if z.sum() == 2:
            chosen = columns[:, torch.cat([z, torch.ones(1, dtype=torch.float64)]) > 0]
            scatter = float((chosen - chosen.mean(1, keepdim=True)).square().sum())
            pairs.append((scatter, value(matrix, linear, 2 * z - 1)))
    assert sorted(pairs) == sorted(pairs, key=lambda pair: pair[1])
    assert len(pairs) == 10


def test_the_solver_is_that_of_the_authors_with_columns_and_their_nearest():
    matrix, linear = program(9)
    whole = of_z(matrix, linear)
    whole = whole / whole.abs().max()
    columns = torch.linalg.cholesky(100 * torch.eye(10, dtype=torch.float64) - whole).T
    best = None
    for column in range(10):
        apart = (columns - columns[:, [column]]).square().sum(0)
        apart[9] = torch.inf  # the last one is taken in any case
        taken = [*apart.argsort()[:4].tolist(), 9]
        chosen = columns[:, taken]
        scatter = float((chosen - chosen.mean(1, keepdim=True)).square().sum())
        if best is None or scatter < best[0]:
            best = scatter, sorted(taken[:-1])
    found = least_scatter(matrix, linear)
    assert (found > 0).nonzero().flatten().tolist() == best[1]


def test_the_network_learns_the_codes_of_omega():
    method, _ = begun("ddsh", sampled=3)
    batch = batch_of(method, outputs=torch.randn(4, BITS), labels=LABELS[:4])
    total = 0.0
    for i in range(4):
        for j in method.drawn.tolist():
            target = BITS * (1.0 if i % 4 == j % 4 else float(method.apart))
            total += (target - float(batch.relaxed[i] @ method.codes[j])) ** 2
    assert values(method(batch))["pairs"] == pytest.approx(total / 12, rel=1e-5)


def objective(method):
    total = 0.0
    for i in method.drawn.tolist():
        for j in range(12):
            target = BITS * (1.0 if i % 4 == j % 4 else float(method.apart))
            total += (target - float(method.codes[i] @ method.codes[j])) ** 2
    return total


@pytest.mark.parametrize("solver", ["scatter", "descent"])
def test_the_discrete_step_lowers_the_objective_of_random_codes(solver):
    method, _ = begun("ddsh", sampled=5, solver=solver)
    method.codes = torch.sign(torch.randn(12, BITS))
    before = objective(method)
    codes = method.codes.clone()
    codes[method.drawn] = method.solved()
    method.codes = codes
    assert objective(method) < before


def test_omega_is_drawn_anew_each_three_epochs_and_the_rest_is_visited():
    method = begun("ddsh", sampled=4)[0]
    first, visited = method.drawn, method.sample(CLOCK, 12)
    assert sorted([*method.drawn.tolist(), *visited.tolist()]) == list(range(12))
    kept = method.drawn
    method.sample(Clock(1, 6, 1, 1), 12)
    assert torch.equal(method.drawn, kept)
    method.sample(Clock(3, 6, 3, 1), 12)
    assert method.drawn.tolist() not in (first.tolist(), kept.tolist())


def test_the_rest_takes_the_signs_of_the_network():
    method = begun("ddsh", sampled=4)[0]
    outputs = torch.randn(12, BITS)
    solved = method.codes[method.drawn]
    method.end_epoch(CLOCK, lambda: outputs)
    assert torch.equal(method.codes[method.rest], torch.where(outputs[method.rest] >= 0, 1.0, -1.0))
    assert torch.equal(method.codes[method.drawn], solved)
    assert built("ddsh").learnt_codes() is None
