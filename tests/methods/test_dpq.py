import math

import pytest
import torch
from made_examples import begun, built, values

from hashviewer.methods.dpq import hardened


def test_a_hard_choice_is_one_hot_and_its_gradient_that_of_the_shares():
    shares = torch.tensor([[[0.2, 0.7, 0.1]]], requires_grad=True)
    chosen = hardened(shares)
    assert chosen.tolist() == [[pytest.approx([0, 1, 0])]]
    chosen.backward(torch.tensor([[[1.0, 2, 3]]]))
    assert shares.grad.tolist() == [[[1, 2, 3]]]


def test_sure_shares_make_soft_and_hard_the_same():
    method = built("dpq")
    shares = torch.nn.functional.one_hot(torch.tensor([[3, 200]]), 256).float()
    assert torch.equal(method.made_of(shares), method.made_of(hardened(shares)))
    assert torch.equal(method.made_of(shares)[0, :16], method.books[0, 3])


def test_the_loss_is_that_of_the_formula():
    method, batch = begun("dpq", slice_length=2, word_length=3, central=0.5, batch_gini=0.2, sample_gini=0.3)
    method.centres.data.normal_()
    method.requires_grad_(requires_grad=False)
    terms = values(method(batch))
    soft_all, expected = [], dict.fromkeys(terms, 0.0)
    for i, row in enumerate(batch.outputs.tolist()):
        soft, hard, shares = [], [], []
        for m in range(2):
            piece = torch.tensor(row[2 * m : 2 * m + 2])
            logits = [float(piece @ method.choosing[m, :, k] + method.offsets[m, k]) for k in range(256)]
            total = sum(map(math.exp, logits))
            p = [math.exp(v) / total for v in logits]
            shares.append(p)
            soft += sum(p[k] * method.books[m, k] for k in range(256)).tolist()
            hard += method.books[m, p.index(max(p))].tolist()
            expected["sample_gini"] -= 0.3 * sum(v * v for v in p)
        soft_all.append(shares)
        for made in (soft, hard):
            logits = method.classifier(torch.tensor(made)).tolist()
            expected["classification"] += math.log(sum(map(math.exp, logits))) - logits[i % 4]
            expected["central"] += 0.5 * math.dist(made, method.centres[i % 4].tolist()) ** 2 / 2
    for m in range(2):
        for k in range(256):
            expected["batch_gini"] += 12 * 0.2 * (sum(shares[m][k] for shares in soft_all) / 12) ** 2
    for name, total in expected.items():
        assert terms[name] == pytest.approx(total / 12, rel=1e-3), name


def test_ginis_have_their_least_values_for_even_use_and_sure_choices():
    method, batch = begun("dpq", batch_gini=1.0, sample_gini=1.0)
    method.shares = lambda outputs: torch.full((12, 2, 256), 1 / 256)
    assert float(method(batch)["batch_gini"]) == pytest.approx(2 / 256)
    method.shares = lambda outputs: torch.nn.functional.one_hot(torch.arange(24).reshape(12, 2), 256).float()
    assert float(method(batch)["sample_gini"]) == pytest.approx(-2)


@pytest.mark.parametrize("normalize", [True, False])
def test_distances_by_table_are_those_of_soft_queries_to_hard_items(normalize):
    method = built("dpq", normalize=normalize)
    with torch.no_grad():
        database, queries = torch.randn(20, method.width), torch.randn(3, method.width)
        hard = method.made_of(hardened(method.shares(database)))
        soft = method.made_of(method.shares(queries))
        plain = (soft[:, None] - hard[None]).square().sum(2)
        assert torch.allclose(method.distances(queries, method.encode(database)), plain, atol=1e-4)
