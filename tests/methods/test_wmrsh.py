import math

import pytest
import torch
from made_examples import BITS, batch_of, begun, built, trained, values

from hashviewer.methods import Clock
from hashviewer.methods.wmrsh import bit_weights, mean_precision, ranking_loss


def test_pairs_are_penalised_more_the_worse_they_are():
    values = torch.tensor([[1.0, 1, 1], [-1, -1, 1], [-1, 1, 1]])
    loss = ranking_loss(values, torch.ones(3, 3), 3.0)
    assert float(loss[0, 1]) == 2  # d = 2
    loss = ranking_loss(values, torch.zeros(3, 3), 3.0)
    assert float(loss[0, 2]) == 2  # d = 1


def test_a_constant_bit_has_no_weight_and_twins_less_than_an_independent_bit():
    codes = torch.tensor([[1.0, 1, 1, 1], [1, 1, -1, 1], [-1, -1, 1, 1], [-1, -1, -1, 1]])
    weights = bit_weights(codes)
    assert float(weights[3]) == 0
    assert float(weights[0]) == float(weights[1]) < float(weights[2])
    assert float(weights.sum()) == pytest.approx(4)
    assert bit_weights(torch.ones(5, 2)).tolist() == [1, 1]


def test_mean_precision_takes_equal_distances_together():
    distances = torch.tensor([[0.0, 2, 2, 3]])
    relevant = torch.tensor([[1.0, 0, 1, 1]])
    assert mean_precision(distances, relevant) == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_tables_share_the_bits():
    assert built("wmrsh").sizes(48) == [12] * 4
    assert built("wmrsh").sizes(10) == [3, 3, 2, 2]
    assert built("wmrsh", bits=3).sizes(3) == [1, 1, 1]


def test_every_term_is_that_of_the_formula_over_the_samples_of_the_tables():
    method, batch = begun("wmrsh", classification=0.5, quantization=0.2)
    h = batch.relaxed.tolist()
    ranking = cross = off = 0.0
    for t in range(4):
        rows = [row[4 * t : 4 * t + 4] for row in h]
        drawn = method.drawn[:, t].tolist()
        assert sum(drawn) == 12
        weight, bias = method.classifiers[t].weight.tolist(), method.classifiers[t].bias.tolist()
        for i in range(12):
            logits = [
                sum(a * b for a, b in zip(w, rows[i], strict=True)) + c
                for w, c in zip(weight, bias, strict=True)
            ]
            cross += drawn[i] / 12 * (math.log(sum(math.exp(v) for v in logits)) - logits[i % 4])
            off += drawn[i] / 12 * sum((abs(v) - 1) ** 2 for v in rows[i])
            for j in range(12):
                d = sum((a - b) ** 2 for a, b in zip(rows[i], rows[j], strict=True)) / 4
                loss = d**2 / 2 if i % 4 == j % 4 else max(2 - d, 0) ** 2 / 2
                ranking += drawn[i] * drawn[j] / 144 * loss
    found = values(method(batch))
    assert found["ranking"] == pytest.approx(ranking, rel=1e-4)
    assert found["classification"] == pytest.approx(0.5 * cross, rel=1e-4)
    assert found["quantization"] == pytest.approx(0.2 * off, rel=1e-4)


def test_with_equal_weights_the_order_is_that_of_hamming():
    method = built("wmrsh")
    queries, codes = torch.randn(3, BITS), torch.sign(torch.randn(9, BITS))
    plain = (BITS - torch.sign(queries) @ codes.T) / 2
    assert torch.equal(method.distances(queries, codes), plain)


def test_a_table_that_ranks_better_weighs_more():
    method, batch = begun("wmrsh")
    labels = batch.labels.argmax(1)
    good = torch.stack([torch.where(labels == c, 1.0, -1.0) for c in range(4)], 1)
    torch.manual_seed(0)
    codes = torch.cat([good, torch.sign(torch.randn(12, 12))], 1)
    weights = method.weighted(codes)
    sums = [float(weights[4 * t : 4 * t + 4].sum()) for t in range(4)]
    assert max(sums) == sums[0]
    assert sum(sums) == pytest.approx(4)


def test_weights_are_set_in_the_last_epoch():
    method, batch = begun("wmrsh")
    with torch.no_grad():
        method.end_epoch(Clock(0, 2, 0, 1), lambda: batch.outputs)
        assert method.weights.tolist() == [1] * BITS
        method.end_epoch(Clock(1, 2, 1, 1), lambda: batch.outputs)
    assert method.weights.unique().numel() > 1


def test_a_weighted_distance_is_the_sum_over_differing_bits():
    done, _ = trained("wmrsh", epochs=3)
    method = done.method
    queries, codes = torch.randn(2, BITS), torch.sign(torch.randn(3, BITS))
    found = method.distances(queries, codes)
    for q in range(2):
        for x in range(3):
            differing = [k for k in range(BITS) if (queries[q, k] >= 0) != (codes[x, k] > 0)]
            assert float(found[q, x]) == pytest.approx(float(method.weights[differing].sum()), abs=1e-5)
    assert batch_of(method, outputs=queries, labels=[[1, 0, 0, 0]] * 2).relaxed.shape == (2, BITS)
