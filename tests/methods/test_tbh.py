import math

import pytest
import torch
from made_examples import BITS, CLOCK, begun, built, four_classes, small_recipe, values

from hashviewer.methods import signs
from hashviewer.methods.tbh import graph, normalized
from hashviewer.training.examples import CachedExamples
from hashviewer.training.loop import train


def test_the_graph_of_three_codes_is_worked_by_hand():
    found = graph(torch.tensor([[1.0, 0, 1, 0], [1, 0, 0, 1], [0, 1, 0, 1]]), 1.4)
    assert found[0].tolist() == pytest.approx([1, 0.378929, 0], abs=1e-6)
    assert torch.equal(found, found.T)


def test_bits_pass_the_gradient_of_the_sigmoid():
    method = built("tbh", bits=2)
    outputs = torch.tensor([[0.5, -2.0]], requires_grad=True)
    codes = method.activation(outputs)
    assert codes.tolist() == [[1, -1]]
    ((codes + 1) / 2).sum().backward()
    p = torch.sigmoid(outputs.detach())
    assert torch.allclose(outputs.grad, p * (1 - p))


def test_the_actors_loss_is_that_of_the_formula():
    method, batch = begun("tbh", bottleneck=6, adversarial=0.5)
    terms = values(method(batch))
    method.requires_grad_(requires_grad=False)
    bits = [[1.0 if v >= 0 else 0.0 for v in row] for row in batch.outputs.tolist()]
    links = [[(1 - sum(a != b for a, b in zip(r, s, strict=True)) / BITS) ** 1.4 for s in bits] for r in bits]
    degrees = [sum(row) for row in links]
    continuous = torch.sigmoid(method.continuous(batch.features))
    through = [method.mixing.weight @ row for row in continuous]
    reconstruction = misled = 0.0
    for i in range(12):
        mixed = torch.sigmoid(
            sum(links[i][j] / math.sqrt(degrees[i] * degrees[j]) * through[j] for j in range(12))
        )
        again = method.decoder(mixed)
        reconstruction += float((again - batch.features[i]).square().sum()) / 2 / 32
        for critic, seen in ((method.bit_critic, torch.tensor(bits[i])), (method.mixed_critic, mixed)):
            misled += math.log1p(math.exp(float(critic(seen))))
    assert terms["reconstruction"] == pytest.approx(reconstruction / 12, rel=1e-4)
    assert terms["misleading"] == pytest.approx(-0.5 * misled / 12 / 32, rel=1e-4)  # of 32 entries


def test_the_critics_move_alone_and_learn_to_tell_bits_from_fair_coins():
    method, batch = begun("tbh")
    ones = torch.ones(12, BITS)
    batch = batch.__class__(ones, ones, batch.labels, batch.indices, batch.features)
    optimizer = torch.optim.Adam(method.players()["critic"], lr=0.2)
    for _ in range(40):
        terms = method.terms_of("critic", batch)
        optimizer.zero_grad()
        sum(terms.values()).backward()
        optimizer.step()
    blind = 2 * math.log(2)
    assert float(terms["bit_critic"].detach()) < blind / 2
    assert all(parameter.grad is None for parameter in method.players()["main"])
    assert tuple(method.turns(CLOCK)) == ("critic", "main")


def test_the_players_share_all_parameters_between_them():
    players = built("tbh").players()
    assert sum(map(len, players.values())) == len(list(built("tbh").parameters()))


def test_the_normalized_graph_of_equal_codes_is_their_mean():
    assert torch.allclose(normalized(graph(torch.ones(4, 3), 1.4)), torch.full((4, 4), 0.25))


def test_bits_stay_balanced_under_the_papers_adversarial_weight():
    features, labels = four_classes()
    done = train(small_recipe("tbh", epochs=60), CachedExamples(features, labels))
    with torch.no_grad():
        codes = signs(done.method.encode(done.method.outputs(features)))
    assert float(codes.mean(0).abs().mean()) < 0.5
    assert len(codes.unique(dim=0)) > 20
