"""EbDSH: models apart from each other, their data, their sum, and the base methods that one model alone is."""

import dataclasses
import math

import pytest
import torch
from made_examples import LABELS, batch_of, begun, built, four_classes, small_recipe, values

from hashviewer.methods import Clock
from hashviewer.methods.ebdsh import precision_of_unseen, subset
from hashviewer.training.examples import CachedExamples
from hashviewer.training.loop import train


def signs(values):
    return torch.where(values >= 0, 1.0, -1.0)


def run(key, *, epochs=5, seed=0, **settings):
    features, labels = four_classes(200)
    recipe = dataclasses.replace(
        small_recipe(key, epochs=epochs), settings=tuple(settings.items()), seed=seed
    )
    return train(recipe, CachedExamples(features, labels)).method, features


@pytest.mark.parametrize(
    ("base", "key"), [("likelihood", "dpsh"), ("contrastive", "dsh"), ("triplets", "dtsh")]
)
def test_one_model_that_sees_all_is_the_base_method(base, key):
    ensemble, features = run("ebdsh", base=base, share=1.0, table_bits=16)
    alone, _ = run(key)
    assert torch.equal(ensemble.outputs(features), alone.outputs(features))


def test_the_loss_is_the_sum_over_models_of_the_likelihood_of_their_own_images():
    method, batch = begun("ebdsh", table_bits=6, eta=0.5)
    method.bank.outputs = torch.randn(12, 16)
    terms = values(method(batch))
    widths = [bits.stop - bits.start for bits in method.tables()]
    assert widths == [5, 6, 5]
    likelihood = quantization = 0.0
    for place, bits in enumerate(method.tables()):
        seen = [i for i in range(12) if method.members[i, place]]
        assert len(seen) == 8  # 60 % of 3 in each class, rounded up
        for i in seen:
            u = batch.outputs[i, bits].tolist()
            quantization += sum((v - (1 if v >= 0 else -1)) ** 2 for v in u) / len(seen) ** 2
            for j in seen:
                theta = sum(a * b for a, b in zip(u, batch.outputs[j, bits].tolist(), strict=True)) / 2
                cost = math.log1p(math.exp(-abs(theta))) + max(theta, 0) - float(i % 4 == j % 4) * theta
                likelihood += cost / len(seen) ** 2
    assert terms["likelihood"] == pytest.approx(likelihood, rel=1e-4)
    assert terms["quantization"] == pytest.approx(0.5 * quantization, rel=1e-4)


def test_models_do_not_learn_from_images_they_do_not_see_nor_from_each_other():
    method, _ = begun("ebdsh", table_bits=8)
    method.members = torch.zeros(12, 2, dtype=torch.bool)
    method.members[:6, 0] = True
    outputs = torch.randn(12, 16, requires_grad=True)
    sum(method(batch_of(method, outputs=outputs, labels=LABELS)).values()).backward()
    moved = outputs.grad != 0
    assert bool(moved[:6, :8].all())
    assert not moved[6:].any()
    assert not moved[:, 8:].any()


def test_a_model_sees_its_share_of_each_class():
    torch.manual_seed(0)
    labels = torch.eye(3)[torch.tensor([0] * 10 + [1] * 20 + [2] * 5)]
    drawn = [subset(labels, 0.6) for _ in range(3)]
    assert [int(chosen[labels[:, c] > 0].sum()) for chosen in drawn for c in range(3)] == [6, 12, 3] * 3
    assert not torch.equal(drawn[0], drawn[1])
    assert bool(subset(labels, 1.0).all())


def test_the_distance_is_the_sum_of_the_models_distances_weighted_if_asked_for():
    queries, codes = torch.randn(5, 16), signs(torch.randn(7, 16))
    for weighted, worth in ((False, [1, 1]), (True, [0.75, 0.5])):
        method = built("ebdsh", weighted=weighted)
        method.worth = torch.tensor([0.75, 0.5])
        found = method.distances(queries, codes)
        for q in range(5):
            for i in range(7):
                differs = signs(queries[q]) != codes[i]
                parts = [int(differs[bits].sum()) for bits in method.tables()]
                assert float(found[q, i]) == pytest.approx(worth[0] * parts[0] + worth[1] * parts[1])


def test_a_model_is_worth_its_precision_for_images_it_has_not_seen():
    codes = torch.tensor([[1.0, 1, 1], [1, 1, -1], [-1, -1, -1], [1, 1, 1]])
    labels = torch.tensor([[1.0, 0], [0, 1], [1, 0], [1, 0]])
    seen = torch.tensor([True, True, True, False])
    # of the seen ones 0 is first and right, 1 second and wrong, 2 third and right
    assert float(precision_of_unseen(codes, labels, seen)) == pytest.approx((1 + 2 / 3) / 2)
    method, _ = begun("ebdsh", weighted=True)
    outputs = torch.randn(12, 16)
    outputs[:, :8] = LABELS.repeat(1, 2) - 0.5
    method.end_epoch(Clock(epoch=0, epochs=2, step=0, steps_per_epoch=1), lambda: outputs)
    assert method.worth.tolist() == [1, 1]
    method.end_epoch(Clock(epoch=1, epochs=2, step=1, steps_per_epoch=1), lambda: outputs)
    assert float(method.worth[0]) == pytest.approx(1)
    assert float(method.worth[1]) < 1


def test_bits_of_an_ensemble_are_less_alike_than_those_of_one_model():
    alike = {}
    for table_bits, share in ((16, 1.0), (4, 0.6)):
        found = []
        for seed in range(2):
            method, features = run("ebdsh", epochs=20, seed=seed, table_bits=table_bits, share=share)
            between = torch.corrcoef(signs(method.outputs(features)).T).nan_to_num(1.0).abs()
            found.append(float((between.sum() - 16) / (16 * 15)))
        alike[table_bits] = sum(found) / len(found)
    assert alike[4] < alike[16]
