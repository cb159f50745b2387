import numpy as np

from hashviewer.training.holdout import RERANKED, evaluate_holdout, halvings, measure
from hashviewer.training.photo_features import PhotoFeatures


def _average_precision(order, relevant):
    found, total = 0, 0.0
    for place, row in enumerate(order, start=1):
        if relevant[row]:
            found += 1
            total += found / place
    return total / found


def test_the_measures_are_their_definitions_written_as_loops():
    g = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 6).astype(np.int32)
    features = (g.standard_normal((4, 8))[labels] + g.standard_normal((24, 8))).astype(np.float32)
    outputs = features @ g.standard_normal((8, 16)).astype(np.float32)
    ones = outputs >= 0
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    cosine, hamming = [], []
    for query in range(24):
        others = [row for row in range(24) if row != query]
        relevant = labels == labels[query]
        near = sorted(others, key=lambda row: -float(unit[query] @ unit[row]))
        cosine.append(_average_precision(near, relevant))
        apart = {row: int((ones[query] != ones[row]).sum()) for row in others}
        orders = [sorted(others, key=lambda row: (apart[row], g.random())) for _ in range(300)]
        hamming.append(np.mean([_average_precision(order, relevant) for order in orders]))
    run = measure(outputs, features, labels)
    assert abs(run.cosine - np.mean(cosine)) < 1e-5
    assert abs(run.hamming - np.mean(hamming)) < 3e-3
    assert len(labels) < RERANKED
    assert abs(run.reranked - run.cosine) < 1e-5  # all were re-ranked
    assert run.relative == run.hamming / run.cosine
    assert run.relative_reranked == run.reranked / run.cosine


def test_only_the_first_are_reranked():
    g = np.random.default_rng(0)
    labels = np.repeat(np.arange(2), RERANKED + 1).astype(np.int32)
    outputs = np.where(labels == 0, -1.0, 1.0)[:, None] * np.ones((1, 8), dtype=np.float32)
    run = measure(outputs.astype(np.float32), g.standard_normal((len(labels), 4)).astype(np.float32), labels)
    assert run.hamming == run.reranked == 1  # noise in the features cannot bring others into the first
    assert run.cosine < 0.6


def test_each_halving_holds_every_class_out_once():
    labels = np.array([0, 0, 1, 2, 2, 3, 4, -1], dtype=np.int32)
    masks = list(halvings(labels, splits=3, seed=0))
    assert len(masks) == 6
    for first, second in zip(masks[0::2], masks[1::2], strict=True):
        np.testing.assert_array_equal(first ^ second, labels >= 0)
        assert not set(labels[first]) & set(labels[second])


def test_classes_that_are_held_out_are_never_learned_from():
    g = np.random.default_rng(2)
    labels = np.repeat(np.arange(8), 15).astype(np.int32)
    logits = (3 * g.standard_normal((8, 20))[labels] + g.standard_normal((120, 20))).astype(np.float32)
    photos = PhotoFeatures(np.maximum(logits, 0), logits, labels, tuple("abcdefgh"), 0)
    runs = evaluate_holdout(photos, bits=8, splits=1)
    assert len(runs) == 2
    assert all(0 < run.hamming <= 1 and run.relative > 0.5 for run in runs)
    assert runs == evaluate_holdout(photos, bits=8, splits=1)
