import numpy as np
import torch

from hashviewer.networks.heads import semantic
from hashviewer.training.photo_head import TEMPERATURE, head_outputs, learn_head, tempered


def _logits(classes=12, each=20, size=40):
    g = np.random.default_rng(0)
    labels = np.repeat(np.arange(classes), each).astype(np.int32)
    logits = 4 * g.standard_normal((classes, size))[labels] + g.standard_normal((len(labels), size))
    return logits.astype(np.float32), labels


def test_learning_and_the_network_mean_the_same_embedding():
    logits, _ = _logits()
    usual = logits.mean(axis=0, dtype=np.float64)
    network = semantic(torch.from_numpy(logits), torch.from_numpy(usual), TEMPERATURE).numpy()
    np.testing.assert_allclose(tempered(logits, usual), network, atol=1e-6)


def test_outputs_are_centred_and_of_unit_spread():
    logits, labels = _logits()
    outputs = head_outputs(learn_head(logits, labels, bits=16), logits)
    np.testing.assert_allclose(outputs.mean(axis=0), 0, atol=1e-4)
    assert abs(float(outputs.std()) - 1) < 1e-4


def test_photos_of_one_class_come_closer_than_others():
    logits, labels = _logits()
    ones = head_outputs(learn_head(logits, labels, bits=16), logits) >= 0
    distances = (ones[:, None] != ones[None]).sum(axis=2)
    same = labels[:, None] == labels[None]
    assert distances[same].mean() < distances[~same].mean() / 2


def test_the_same_seed_gives_the_same_head_to_the_last_bit():
    logits, labels = _logits()
    first, second = (learn_head(logits, labels, bits=16, seed=5).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
