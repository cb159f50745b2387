import pytest
import torch

from hashviewer.methods._layer_sizes import layer_sizes
from hashviewer.methods._principal import principal_directions

KNOWN = {16: (60, 30), 32: (80, 50), 64: (100, 80)}


@pytest.mark.parametrize(
    ("bits", "widths"), [(16, (60, 30)), (64, (100, 80)), (48, (90, 65)), (8, (50, 20)), (128, (140, 140))]
)
def test_layer_sizes_are_those_of_the_paper_and_in_between(bits, widths):
    assert layer_sizes(bits, KNOWN) == widths


def test_the_first_direction_has_the_greatest_variance_and_all_are_orthonormal():
    torch.manual_seed(0)
    points = torch.randn(200, 3) * torch.tensor([1.0, 5.0, 2.0]) + 7
    directions, deviations = principal_directions(points, 2)
    assert abs(float(directions[0, 1])) > 0.99
    assert abs(float(directions[1, 2])) > 0.99
    assert torch.allclose(directions @ directions.T, torch.eye(2), atol=1e-5)
    assert deviations.tolist() == pytest.approx([5, 2], rel=0.2)


def test_more_directions_than_dimensions_are_random_ones_of_length_one():
    torch.manual_seed(0)
    directions, _ = principal_directions(torch.randn(20, 3), 5)
    assert torch.allclose(directions.norm(dim=1), torch.ones(5))
