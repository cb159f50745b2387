"""The first methods against the checks of the literature and their formulas as plain loops."""

import math

import pytest
import torch
from made_examples import BITS, LABELS, batch_of, begun, built, values

from hashviewer.methods import Clock, TrainingItems

ONE = [1.0, 0.0]
TWO = [0.0, 1.0]


def softplus(t):
    return math.log1p(math.exp(-abs(t))) + max(t, 0)


def test_dpsh_is_the_likelihood_against_the_bank_and_the_distance_to_signs():
    method, batch = begun("dpsh", eta=0.5)
    method.bank.outputs = torch.randn(len(LABELS), BITS)
    some = batch_of(method, outputs=batch.outputs[:5], labels=LABELS[:5])
    terms = values(method(some))
    bank = method.bank.outputs.tolist()
    likelihood = quantization = 0.0
    for i in range(5):
        u = some.outputs[i].tolist()
        assert bank[i] == pytest.approx(u)
        quantization += sum((v - (1 if v >= 0 else -1)) ** 2 for v in u)
        for j in range(12):
            theta = sum(a * b for a, b in zip(u, bank[j], strict=True)) / 2
            likelihood += softplus(theta) - float(i % 4 == j % 4) * theta
    assert terms["likelihood"] == pytest.approx(likelihood / 60, rel=1e-5)
    assert terms["quantization"] == pytest.approx(0.5 * quantization / 60, rel=1e-5)


def test_dsh_is_the_sum_over_pairs_of_the_paper():
    method = built("dsh", bits=2, margin=4.0, alpha=0.0)
    for other, label, expected in (([1, -1], ONE, 2), ([1, -1], TWO, 0), ([1, 1], ONE, 0), ([1, 1], TWO, 2)):
        pairs = float(method(batch_of(method, outputs=[[1, 1], other], labels=[ONE, label]))["pairs"])
        assert pairs == pytest.approx(
            expected / 2
        )  # the mean counts two pairs of an item with itself, which cost 0
    method = built("dsh", bits=2, alpha=0.25)
    terms = method(batch_of(method, outputs=[[0.5, -2.0], [1, -1]], labels=[ONE, TWO]))
    assert float(terms["regularizer"]) == pytest.approx(0.25 * (1.5 + 1.5 + 1.5 + 1.5) / 4 * 1.0)


def test_hashnet_weighs_pairs_by_class_and_overlap():
    method = built("hashnet", bits=2, classes=2)
    outputs = torch.tensor([[0.3, -0.6], [1.2, 0.1], [-0.4, 0.9]])
    labels = [[1.0, 0], [1, 1], [0, 1]]
    found = float(method(batch_of(method, outputs=outputs, labels=labels))["likelihood"])
    h = [[math.tanh(v) for v in row] for row in outputs.tolist()]
    sets = [{0}, {0, 1}, {1}]
    similar = [[bool(a & b) for b in sets] for a in sets]
    ones = sum(map(sum, similar))
    total = 0.0
    for i in range(3):
        for j in range(3):
            t = 5 * sum(a * b for a, b in zip(h[i], h[j], strict=True))
            shared = len(sets[i] & sets[j]) / len(sets[i] | sets[j])
            weight = shared * 9 / ones if similar[i][j] else 9 / (9 - ones)
            total += weight * (softplus(t) - similar[i][j] * t)
    assert found == pytest.approx(total / 9, rel=1e-5)


def test_hashnet_sharpens_every_200_steps_and_codes_do_not_depend_on_it():
    method = built("hashnet")
    for step, beta in ((0, 1), (199, 1), (200, math.sqrt(2)), (10_000, math.sqrt(51))):
        method.begin_step(Clock(epoch=0, epochs=1, step=step, steps_per_epoch=10))
        assert float(method.continuation.beta) == pytest.approx(beta)
    assert torch.equal(method.encode(torch.tensor([[0.1, -0.1]])), torch.tensor([[0.1, -0.1]]))


def test_csq_is_cross_entropy_with_the_centres_bits():
    method = built("csq", quantization=1.0)
    half = torch.atanh(method.centers[:1] / 2)
    terms = method(batch_of(method, outputs=half, labels=LABELS[:1]))
    assert float(terms["central"]) == pytest.approx(-math.log(0.75), abs=1e-6)
    assert float(terms["quantization"]) == pytest.approx(0.25, abs=1e-6)


def test_greedyhash_classifies_codes_and_its_gradient_passes_the_sign():
    method = built("greedyhash", bits=2, classes=2, alpha=1.0)
    method.classifier.weight.data = torch.tensor([[1.0, 0.5], [-0.5, 2.0]])
    outputs = torch.tensor([[0.5, -2.0]], requires_grad=True)
    terms = method(batch_of(method, outputs=outputs, labels=[ONE]))
    logits = [1 - 0.5, -0.5 - 2.0]
    assert float(terms["classification"].detach()) == pytest.approx(softplus(logits[1] - logits[0]), abs=1e-6)
    assert float(terms["regularizer"].detach()) == pytest.approx(0.5625)
    terms["regularizer"].backward()
    assert outputs.grad.tolist() == [pytest.approx([-0.375, -1.5])]


def test_adsh_sets_codes_as_in_the_worked_example():
    method = built("adsh", bits=1, classes=2, gamma=0.0)
    method.begin(TrainingItems(torch.zeros(2, 32), torch.tensor([ONE, TWO])))
    method.drawn = torch.tensor([0])
    assert method.updated(torch.tensor([[0.5]])).tolist() == [[1], [-1]]


def test_adsh_updates_never_raise_the_objective_and_a_large_gamma_copies_signs():
    method, batch = begun("adsh", gamma=2.0, sampled=6)
    relaxed = torch.tanh(torch.randn(6, BITS))
    method.codes = torch.sign(torch.randn(12, BITS))

    def objective(codes):
        total = 0.0
        for place, i in enumerate(method.drawn.tolist()):
            for j in range(12):
                target = 1.0 if i % 4 == j % 4 else float(method.apart)
                total += float(relaxed[place] @ codes[j] - BITS * target) ** 2
            total += 2.0 * float((codes[i] - relaxed[place]).square().sum())
        return total

    before = objective(method.codes)
    after = method.updated(relaxed)
    assert objective(after) <= before
    method.gamma = 1e9
    assert torch.equal(method.updated(relaxed)[method.drawn], torch.where(relaxed >= 0, 1.0, -1.0))
    terms = method(
        batch_of(
            method, outputs=batch.outputs[method.drawn], labels=LABELS[method.drawn], indices=method.drawn
        )
    )
    assert set(terms) == {"pairs", "quantization"}


def test_adsh_loss_is_that_of_the_formula():
    method, batch = begun("adsh", gamma=3.0)
    method.codes = torch.sign(torch.randn(12, BITS))
    terms = values(method(batch))
    pairs = own = 0.0
    for i in range(12):
        h = [math.tanh(v) for v in batch.outputs[i].tolist()]
        own += sum((a - b) ** 2 for a, b in zip(h, method.codes[i].tolist(), strict=True))
        for j in range(12):
            dot = sum(a * b for a, b in zip(h, method.codes[j].tolist(), strict=True))
            pairs += (dot - BITS * (1 if i % 4 == j % 4 else -36 / 108)) ** 2
    assert float(terms["pairs"]) == pytest.approx(pairs / 144, rel=1e-4)
    assert float(terms["quantization"]) == pytest.approx(3 * own / 144, rel=1e-4)


def test_dtsh_is_the_triplet_likelihood_worked_by_hand():
    method = built("dtsh", bits=4, alpha=2.0)
    rows = [[1, 1, 1, 1], [1, 1, 1, -1], [-1, -1, 1, 1]]
    terms = method(batch_of(method, outputs=rows, labels=[ONE, ONE, TWO]))
    # anchors 0 and 1: theta to their positive is 1, to the negative 0 and -1
    assert float(terms["triplets"]) == pytest.approx((softplus(1) + softplus(0)) / 2, abs=1e-6)
    assert float(terms["quantization"]) == 0
    terms = method(batch_of(method, outputs=[[0.5, -2, 1, 1], [1, 1, 1, -1]], labels=[ONE, ONE]))
    assert float(terms["quantization"]) == pytest.approx((0.25 + 1) / 8)
    assert float(terms["triplets"]) == 0


def test_dvsq_ranks_labels_with_adaptive_margins():
    method = built("dvsq", bits=8, classes=2, dimensions=8)
    method.embeddings = torch.eye(2, 8)
    method.activate = lambda outputs: outputs
    aligned = batch_of(method, outputs=[[1.0] + [0.0] * 7], labels=[ONE])
    between = batch_of(method, outputs=[[1.0, 1.0] + [0.0] * 6], labels=[ONE])
    assert float(method(aligned)["ranking"]) == pytest.approx(0, abs=1e-6)
    assert float(method(between)["ranking"]) == pytest.approx(
        1 / 2, abs=1e-6
    )  # one term of 1 over two classes


def test_dvsq_measures_lost_inner_products_once_it_has_codebooks():
    method = built("dvsq", bits=16, classes=4, dimensions=8, quantization=1.0)
    outputs = torch.randn(300, 8)
    method.end_epoch(Clock(epoch=1, epochs=9, step=0, steps_per_epoch=1), lambda: outputs)
    labels = torch.eye(4)[torch.arange(300) % 4]
    found = float(method(batch_of(method, outputs=outputs, labels=labels))["quantization"])
    total = 0.0
    for i in range(300):
        word = method.books[0, method.indices[i, 0]] + method.books[1, method.indices[i, 1]]
        error = torch.tanh(outputs[i]) - word
        total += sum(float(method.embeddings[g] @ error) ** 2 for g in range(4))
    assert found == pytest.approx(total / 300, rel=1e-4)


def test_itq_rotates_without_stretching_and_needs_as_many_features_as_bits():
    method = built("itq", bits=4)
    method.fit(TrainingItems(torch.randn(100, 32), torch.zeros(100, 0)))
    weight = method.hash_layer.weight
    assert torch.allclose(weight @ weight.T, torch.eye(4), atol=1e-4)
