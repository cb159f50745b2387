"""Soft histograms of distances, which HMI and HTALR share."""

import pytest
import torch

from hashviewer.methods import _histograms


@pytest.mark.parametrize("bins", [1, 5, 16])
def test_every_distance_belongs_to_the_bins_with_a_sum_of_1(bins):
    distances = torch.rand(4, 30) * 16
    distances[0, :2] = torch.tensor([0.0, 16.0])
    shares = _histograms.soft_bins(distances, bits=16, bins=bins)
    assert shares.shape == (4, 30, bins + 1)
    assert torch.allclose(shares.sum(2), torch.ones(4, 30), atol=1e-5)


def test_a_distance_lies_between_its_two_nearest_centres():
    shares = _histograms.soft_bins(torch.tensor([[2.5, 4.0]]), bits=8, bins=4)
    assert shares.tolist() == [[[0, 0.75, 0.25, 0, 0], [0, 0, 1, 0, 0]]]


def test_relaxed_distances_of_codes_are_hamming_distances():
    codes = torch.tensor([[1.0, 1, -1], [1, -1, 1], [1, 1, -1]])
    assert _histograms.relaxed_distances(codes).tolist() == [[0, 2, 0], [2, 0, 2], [0, 2, 0]]
