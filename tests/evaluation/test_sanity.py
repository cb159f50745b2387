"""The comparisons that a figure needs: a classifier's answers as codes, classes that training never saw, several seeds."""

import math

import numpy as np
import pytest
import torch

from hashviewer import codes as packed
from hashviewer.errors import DatasetError
from hashviewer.evaluation.protocols import Split, split
from hashviewer.evaluation.sanity import (
    DECAYS,
    class_bits,
    class_codes,
    classifier_baseline,
    over_seeds,
    train_classifier,
    unseen_classes,
)


def made(count=400, classes=5, spread=1.0, seed=0):
    draw = np.random.default_rng(seed)
    kinds = np.arange(count) % classes
    features = draw.normal(size=(classes, 12))[kinds] + spread * draw.normal(size=(count, 12))
    return features.astype(np.float32), np.eye(classes, dtype=np.uint8)[kinds]


@pytest.mark.parametrize(("classes", "bits"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (10, 4), (100, 7)])
def test_a_class_number_fills_the_fewest_bits_and_is_read_back(classes, bits):
    assert class_bits(classes) == bits
    ones = packed.unpack(class_codes(np.arange(classes), classes), bits)
    assert [int("".join(str(int(bit)) for bit in row), 2) for row in ones] == list(range(classes))


def test_the_classifier_reaches_the_minimum_of_its_objective():
    features, labels = made(count=120, spread=2.0)
    learnt = train_classifier(features, labels.argmax(1), 5)
    assert learnt.decay in DECAYS
    scaled = torch.from_numpy((features - features.mean(0)) / features.std(0))
    weight = torch.from_numpy(learnt.weight).requires_grad_()
    bias = torch.from_numpy(learnt.bias).requires_grad_()
    scores = scaled @ weight + bias
    log_likelihood = sum(
        scores[i, int(labels[i].argmax())] - torch.logsumexp(scores[i], 0) for i in range(len(labels))
    )
    (-log_likelihood / len(labels) + learnt.decay * weight.square().sum()).backward()
    assert weight.grad.abs().max() < 1e-3
    assert bias.grad.abs().max() < 1e-3


def test_a_feature_that_never_changes_does_no_harm():
    features, labels = made()
    learnt = train_classifier(np.concatenate([features, np.ones((400, 1))], axis=1), labels.argmax(1), 5)
    assert np.isfinite(learnt.weight).all()


def test_the_baseline_ranks_by_the_predicted_class_alone():
    features, labels = made(spread=0.8)
    division = split(labels, "I", queries_per_class=10, training_per_class=15)
    found = classifier_baseline(features, labels, division)
    assert (found.bits, found.training, found.report.queries, found.report.database) == (3, 75, 50, 350)
    assert found.accuracy > 0.8
    perfect = classifier_baseline(labels * 10.0, labels, division)
    assert (perfect.accuracy, perfect.report.tie_aware, perfect.report.lookup.within.radius) == (1, 1, 0)
    noise = classifier_baseline(np.random.default_rng(0).normal(size=(400, 12)), labels, division)
    assert noise.report.tie_aware < 0.4


def test_the_baseline_learns_from_training_items_alone():
    features, labels = made()
    division = split(labels, "I", queries_per_class=10, training_per_class=15)
    changed = features.copy()
    outside = np.setdiff1d(np.arange(400), np.concatenate([division.training, division.queries]))
    changed[outside] = np.random.default_rng(1).normal(size=changed[outside].shape)
    same = (classifier_baseline(each, labels, division).accuracy for each in (features, changed))
    assert next(same) == next(same)


def test_what_cannot_have_a_baseline_is_said():
    features, labels = made(count=60)
    with pytest.raises(DatasetError, match="keeps no training items apart"):
        classifier_baseline(features, labels, split(labels, "each"))
    two = labels | np.roll(labels, 1, axis=1)
    division = split(two, "I", queries_per_class=1, training_per_class=2)
    with pytest.raises(DatasetError, match="one label for each item"):
        classifier_baseline(features, two, division)


def test_three_quarters_of_the_classes_rounded_down_are_seen_and_no_others_are_queried():
    _, labels = made(count=1000, classes=10)
    whole = split(labels, "I", queries_per_class=10, training_per_class=20)
    found = unseen_classes(labels, whole, seed=0)
    assert (len(found.seen), len(found.unseen)) == (7, 3)
    assert sorted([*found.seen, *found.unseen]) == list(range(10))
    assert set(labels[found.division.training].argmax(1)) == set(found.seen)
    for part in (found.division.queries, found.division.database):
        assert set(labels[part].argmax(1)) == set(found.unseen)
    assert found.division.describe() == (
        "protocol I, unseen classes: 30 queries, 270 in the database, 140 for training"
    )
    draws = {tuple(unseen_classes(labels, whole, seed=seed).unseen) for seed in range(8)}
    assert len(draws) > 3
    assert tuple(unseen_classes(labels, whole, seed=0).unseen) == tuple(found.unseen)


def test_an_item_with_a_seen_and_an_unseen_label_takes_no_part():
    labels = np.eye(4, dtype=np.uint8)[np.arange(40) % 4]
    labels[:8] = 1
    places = np.arange(40)
    found = unseen_classes(labels, Split("I", places[:20], places, places), seed=3).division
    assert not set(range(8)) & {*found.queries, *found.database, *found.training}
    with pytest.raises(DatasetError, match="at least 4"):
        unseen_classes(labels[:, :3], Split("I", places, places, places), seed=0)


def test_seeds_are_summed_up_by_mean_and_deviation():
    found = over_seeds([0.5, 0.6, 0.7])
    assert (found.mean, found.deviation, found.count) == pytest.approx((0.6, 0.1, 3))
    assert math.isnan(over_seeds([0.5]).deviation)
