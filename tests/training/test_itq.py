from itertools import pairwise

import numpy as np
import pytest

from hashviewer.errors import CheckpointError
from hashviewer.training.itq import itq


def _data():
    g = np.random.default_rng(0)
    data = g.standard_normal((300, 12)) * np.linspace(3, 0.1, 12)
    return data - data.mean(axis=0)


def _loss(data, projection):
    projected = data @ projection
    return float(((np.where(projected >= 0, 1, -1) - projected) ** 2).sum())


@pytest.mark.parametrize("rows", [300, 9])  # more and fewer than there are dimensions
def test_the_projection_is_a_rotation_of_the_principal_components(rows):
    data = _data()[:rows]
    projection = itq(data, 5)
    np.testing.assert_allclose(projection.T @ projection, np.eye(5), atol=1e-10)
    components = np.linalg.svd(data, full_matrices=False)[2][:5]
    np.testing.assert_allclose(components.T @ components, projection @ projection.T, atol=1e-8)


def test_every_iteration_loses_no_more_than_the_one_before():
    data = _data()
    losses = [_loss(data, itq(data, 5, iterations=count)) for count in range(8)]
    assert all(after <= before + 1e-9 for before, after in pairwise(losses))
    assert losses[-1] < losses[0]


def test_the_same_seed_gives_the_same_projection():
    np.testing.assert_array_equal(itq(_data(), 5, seed=3), itq(_data(), 5, seed=3))
    assert not np.array_equal(itq(_data(), 5, seed=3), itq(_data(), 5, seed=4))


@pytest.mark.parametrize(("shape", "bits"), [((300, 12), 13), ((8, 12), 9)])
def test_more_bits_than_the_data_carry_are_refused(shape, bits):
    with pytest.raises(CheckpointError, match=f"{bits} bits need at least"):
        itq(np.ones(shape), bits)
