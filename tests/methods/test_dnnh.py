"""DNNH: divide and encode, the piecewise threshold, triplets as plain loops."""

import pytest
import torch
from made_examples import batch_of, built, values

from hashviewer.errors import MethodError
from hashviewer.methods import Clock, Shape, find_method

ONE, TWO = [1.0, 0.0], [0.0, 1.0]


def unchanged(outputs):
    return outputs


def test_a_triplet_costs_what_the_worked_example_says():
    method = built("dnnh", bits=2)
    method.activate = unchanged
    rows = torch.tensor([[0.0, 1.0], [0.0, 1.0], [1.0, 1.0]])
    assert float(method(batch_of(method, outputs=rows, labels=[ONE, ONE, TWO]))["triplets"]) == 0
    rows[2] = rows[0]
    assert float(method(batch_of(method, outputs=rows, labels=[ONE, ONE, TWO]))["triplets"]) == 1


def test_triplets_order_images_by_shared_labels():
    method = built("dnnh", bits=3, classes=3)
    labels = [[1.0, 1, 0], [1, 1, 1], [1, 0, 0], [0, 0, 1], [0, 1, 1]]
    outputs = torch.randn(5, 3)
    found = values(method(batch_of(method, outputs=outputs, labels=labels)))["triplets"]
    h = method.threshold(torch.sigmoid(outputs)).tolist()
    sets = [{k for k in range(3) if row[k]} for row in labels]
    costs = []
    for a in range(5):
        for p in range(5):
            for n in range(5):
                if a not in {p, n} and len(sets[a] & sets[p]) > len(sets[a] & sets[n]):
                    near = sum((x - y) ** 2 for x, y in zip(h[a], h[p], strict=True))
                    far = sum((x - y) ** 2 for x, y in zip(h[a], h[n], strict=True))
                    costs.append(max(0, 1 + near - far))
    assert found == pytest.approx(sum(costs) / len(costs), rel=1e-5)


def test_the_threshold_is_flat_outside_its_band():
    method = built("dnnh", epsilon=0.1)
    given = torch.tensor([0.5, 0.59, 0.41, 0.7, 0.3], requires_grad=True)
    made = method.threshold(given)
    assert made.tolist() == pytest.approx([0.5, 0.59, 0.41, 1, 0])
    made.sum().backward()
    assert given.grad.tolist() == [1, 1, 1, 0, 0]


def test_the_threshold_comes_in_late():
    method = built("dnnh", late=0.5)
    for step, expected in ((0, False), (4, False), (5, True)):
        method.begin_step(Clock(epoch=0, epochs=1, step=step, steps_per_epoch=10))
        assert (float(method.activation(torch.tensor([2.0]))) == 1) is expected


@pytest.mark.parametrize(("dim", "widths"), [(32, [2] * 16), (37, None)])
def test_a_bit_sees_its_own_slice_only(dim, widths):
    method = built("dnnh", dim=dim)
    features = torch.randn(dim)
    jacobian = torch.autograd.functional.jacobian(lambda f: method.hash_layer(f[None])[0], features)
    seen = jacobian != 0  # (16, dim)
    assert bool((seen.sum(0) == 1).all())
    owners = seen.float().argmax(0)
    assert bool((owners.diff() >= 0).all())
    counts = seen.sum(1).tolist()
    assert counts == widths if widths else max(counts) - min(counts) <= 1


def test_the_other_head_divides_a_hidden_layer_and_fewer_features_than_bits_need_it():
    method = find_method("dnnh").method()
    with pytest.raises(MethodError, match="at most as many"):
        method.build(Shape(8, 16, 4))
    method.build(Shape(8, 16, 4, head="mlp", hidden=50))
    assert method.width == 16
    assert method.hash_layer[0].out_features == 48
