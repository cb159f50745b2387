import math

import pytest
import torch
from made_examples import begun, built, values

from hashviewer.errors import MethodError
from hashviewer.methods.subic import entropy


def test_entropy_is_0_for_one_hot_shares_and_all_bits_for_uniform_ones():
    assert float(entropy(torch.tensor([0.0, 1, 0, 0]))) == 0
    assert float(entropy(torch.full((64,), 1 / 64))) == pytest.approx(6)


def test_each_block_sums_to_one():
    method, batch = begun("subic", bits=12)
    assert batch.relaxed.shape == (12, 2 * 64)
    assert torch.allclose(method.in_blocks(batch.relaxed).sum(2), torch.ones(12, 2))


def test_the_loss_is_that_of_the_formula():
    method, batch = begun("subic", words=4, gamma=0.5, mu=0.25)
    terms = values(method(batch))
    z = []
    for row in batch.outputs.tolist():
        blocks = [[math.exp(max(v, 0)) for v in row[m * 4 : m * 4 + 4]] for m in range(8)]
        z.append([[v / sum(block) for v in block] for block in blocks])

    def bits(shares):
        return -sum(v * math.log2(v) for v in shares)

    cost = item = whole = 0.0
    for i in range(12):
        logits = method.classifier(torch.tensor(z[i]).flatten()).tolist()
        cost += math.log(sum(map(math.exp, logits))) - logits[i % 4]
    for m in range(8):
        item += sum(bits(z[i][m]) for i in range(12)) / 12
        whole += bits([sum(z[i][m][k] for i in range(12)) / 12 for k in range(4)])
    assert terms["classification"] == pytest.approx(cost / 12 / math.log(4), rel=1e-4)
    assert terms["item_entropy"] == pytest.approx(0.5 * item / 16, rel=1e-4)
    assert terms["batch_entropy"] == pytest.approx(-0.25 * whole / 16, rel=1e-4)


def test_a_querys_score_is_its_product_with_the_one_hot_item():
    method = built("subic", words=4)
    database, queries = torch.randn(20, 32), torch.randn(3, 32)
    found = method.distances(queries, method.encode(database))
    largest = database.relu().reshape(20, 8, 4).argmax(2)
    one_hot = torch.nn.functional.one_hot(largest, 4).flatten(1).float()
    assert torch.allclose(-found, queries.relu() @ one_hot.T, atol=1e-5)


def test_blocks_permuted_alike_rank_alike():
    method = built("subic", words=4)
    order = torch.randperm(8)
    database, queries = torch.randn(20, 8, 4), torch.randn(3, 8, 4)
    plain = method.distances(queries.flatten(1), method.encode(database.flatten(1)))
    moved = method.distances(queries[:, order].flatten(1), method.encode(database[:, order].flatten(1)))
    assert torch.allclose(plain, moved, atol=1e-5)


def test_48_bits_are_8_blocks_of_64_and_16_bits_2_of_256():
    assert built("subic", bits=48).width == 8 * 64
    assert built("subic", bits=16).width == 2 * 256
    with pytest.raises(MethodError, match="multiple of 6"):
        built("subic", bits=10)
