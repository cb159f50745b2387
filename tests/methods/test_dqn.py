import math

import pytest
import torch
from made_examples import BITS, CLOCK, batch_of, begun, built, values

from hashviewer.methods import _codebooks

LAST = CLOCK.__class__(epoch=1, epochs=2, step=0, steps_per_epoch=1)


def test_similarity_of_orthogonal_items_is_worked_by_hand():
    method = built("dqn", classes=2, dimensions=8)
    batch = batch_of(method, outputs=[[1.0] + [0] * 7, [0, 1.0] + [0] * 6], labels=[[1, 0], [0, 1]])
    assert values(method(batch)) == {"similarity": pytest.approx(0.5)}


def test_the_loss_is_that_of_the_formula():
    method, batch = begun("dqn", dimensions=10, quantization=0.5)
    method.end_epoch(LAST, lambda: batch.outputs.detach() + 0.3)
    terms = values(method(batch))
    z = [[math.tanh(v) for v in row] for row in batch.outputs.tolist()]
    similarity = lost = 0.0
    for i in range(12):
        word = (
            method.books[method.indices[i, 0], :5].tolist() + method.books[method.indices[i, 1], 5:].tolist()
        )
        lost += sum((a - b) ** 2 for a, b in zip(z[i], word, strict=True))
        for j in range(12):
            dot = sum(a * b for a, b in zip(z[i], z[j], strict=True))
            cos = dot / math.hypot(*z[i]) / math.hypot(*z[j])
            similarity += ((1 if i % 4 == j % 4 else -1) - cos) ** 2
    assert terms["similarity"] == pytest.approx(similarity / 144, rel=1e-4)
    assert terms["quantization"] == pytest.approx(0.5 * lost / 12, rel=1e-4)


def test_parts_are_coded_independently_of_each_other():
    method = built("dqn", dimensions=10)
    method.requantize(torch.rand(400, 10))
    a, b = torch.rand(20, 10), torch.rand(20, 10)
    mixed = method.nearest(torch.cat([a[:, :5], b[:, 5:]], 1))
    assert torch.equal(mixed[:, 0], method.nearest(a)[:, 0])
    assert torch.equal(mixed[:, 1], method.nearest(b)[:, 1])


@pytest.mark.parametrize("product", [True, False])
def test_an_update_never_raises_the_quantization_error(product):
    method = built("dqn", dimensions=10, product=product)
    points = torch.tanh(torch.randn(900, 10))
    errors = []
    for _ in range(3):
        method.requantize(points)
        errors.append(float((points - method.reconstructed(torch.arange(900))).square().sum()))
    if product:
        assert errors == sorted(errors, reverse=True)
    assert errors[-1] < float(points.square().sum()) / 5


def test_distances_by_table_are_those_to_the_reconstructed_items():
    method = built("dqn", dimensions=10)
    points = torch.tanh(torch.randn(300, 10))
    method.requantize(points)
    queries = torch.randn(4, 10)
    indices = method.nearest(points)
    codes = _codebooks.to_bits(indices, 256)
    assert codes.shape == (300, BITS)
    method.indices = indices
    shown = method.reconstructed(torch.arange(300))
    plain = (torch.tanh(queries)[:, None] - shown[None]).square().sum(2)
    assert torch.allclose(method.distances(queries, codes), plain, atol=1e-4)
