import math

import pytest
import torch
from made_examples import begun, built, values

from hashviewer.methods import Clock

LAST = Clock(epoch=1, epochs=2, step=0, steps_per_epoch=1)
SETTINGS = {"dimensions": 8, "quantization": 0.3, "centre": 0.2, "discriminative": 0.6}


def distance(a, b):
    return math.dist(a, b) ** 2


def test_features_lie_on_the_unit_sphere():
    _, batch = begun("dsq")
    assert torch.allclose(batch.relaxed.norm(dim=1), torch.ones(12), atol=1e-5)


def test_the_loss_is_that_of_the_formula_and_quantizes_in_its_second_stage_only():
    method, batch = begun("dsq", **SETTINGS)
    assert set(method(batch)) == {"classification", "centre"}
    outputs = batch.outputs.detach()
    method.end_epoch(LAST, lambda: outputs + 0.2)
    terms = values(method(batch))
    expected = dict.fromkeys(("classification", "centre", "quantization", "discriminative"), 0.0)
    for i, row in enumerate(outputs.tolist()):
        z = [v / math.hypot(*row) for v in row]
        logits = (method.classifier.weight @ torch.tensor(z) + method.classifier.bias).tolist()
        expected["classification"] += math.log(sum(map(math.exp, logits))) - logits[i % 4]
        centre = method.centres[i % 4].tolist()
        word = sum(method.books[m, method.indices[i, m]] for m in range(2)).tolist()
        expected["centre"] += 0.2 * distance(z, centre)
        expected["quantization"] += 0.3 * distance(z, word)
        expected["discriminative"] += 0.6 * distance(centre, word)
    for name, total in expected.items():
        assert terms[name] == pytest.approx(total / 12, rel=1e-3, abs=1e-6), name


def test_targets_have_the_same_minimum_as_the_two_terms_they_stand_for():
    method, batch = begun("dsq", **SETTINGS)
    z = batch.relaxed.detach()
    mixed = method.targets(z)
    apart = (z - method.centres[torch.arange(12) % 4]).square().sum(1)
    for _ in range(3):
        words = torch.randn(12, 8)
        both = 0.3 * (z - words).square().sum(1) + 0.6 * (
            method.centres[torch.arange(12) % 4] - words
        ).square().sum(1)
        assert torch.allclose(
            both - 0.9 * (mixed - words).square().sum(1), 0.3 * 0.6 / 0.9 * apart, atol=1e-4
        )


def test_no_small_change_of_the_books_lowers_the_error():
    method = built("dsq", dimensions=8)
    points = torch.nn.functional.normalize(torch.randn(400, 8), dim=1)
    method.requantize(points)

    def error(books):
        method.books = books
        return float((points - method.reconstructed(torch.arange(400))).double().square().sum())

    solved = method.books
    least = error(solved)
    for _ in range(5):
        assert error(solved + 0.05 * torch.randn_like(solved)) >= least


def test_centres_are_the_best_ones_for_their_class():
    method, batch = begun("dsq", **SETTINGS)
    z, words = batch.relaxed.detach(), torch.randn(12, 8)
    centres = method.closed_form(z, words)
    for g in range(4):
        mean = sum(0.25 * z[i] + 0.75 * words[i] for i in range(g, 12, 4)) / 3
        assert torch.allclose(centres[g], mean, atol=1e-6)


def test_the_exact_distance_is_an_option():
    method = built("dsq", dimensions=8, compare="euclidean")
    method.books = torch.randn(2, 256, 8)
    points = torch.randn(30, 8)
    codes = method.encode(points)
    words = method.books[0, :, None] + method.books[1, None]
    query = torch.nn.functional.normalize(torch.randn(1, 8), dim=1)
    shown = (query - words.reshape(-1, 8)).square().sum(1).reshape(256, 256)
    found = method.distances(query, codes)[0]
    for place, code in enumerate(codes > 0):
        first, second = (sum(int(b) << (7 - n) for n, b in enumerate(part)) for part in code.split(8))
        assert float(found[place]) == pytest.approx(float(shown[first, second]), rel=1e-3, abs=1e-4)
