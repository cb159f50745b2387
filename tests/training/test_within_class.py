import numpy as np
import pytest

from hashviewer.training.within_class import within_class_whitening


def _classes(spread):
    g = np.random.default_rng(1)
    labels = np.repeat(np.arange(6), 20).astype(np.int32)
    return g.standard_normal((6, 4))[labels] + g.standard_normal((120, 4)) * spread, labels


def test_the_square_of_the_map_is_the_formula_written_as_loops():
    embeddings, labels = _classes([2.0, 1.0, 0.5, 0.1])
    spread = np.zeros((4, 4))
    for label in range(6):
        members = [row for row, own in zip(embeddings, labels, strict=True) if own == label]
        mean = sum(members) / len(members)
        for row in members:
            for a in range(4):
                for b in range(4):
                    spread[a, b] += (row[a] - mean[a]) * (row[b] - mean[b]) / len(labels)
    level = 3.0 * sum(spread[a, a] for a in range(4)) / 4
    expected = level * np.linalg.inv(spread + level * np.eye(4))
    found = within_class_whitening(embeddings, labels, strength=3.0)
    np.testing.assert_allclose(found @ found.T, expected, atol=1e-10)


def test_directions_that_vary_within_classes_shrink_most():
    embeddings, labels = _classes([5.0, 0.1, 0.1, 0.1])
    whitening = within_class_whitening(embeddings, labels, strength=0.1)
    lengths = np.linalg.norm(whitening, axis=1)
    assert lengths[0] < 0.3
    assert lengths[1:].min() > 0.9


def test_photos_without_a_class_do_not_count():
    embeddings, labels = _classes([2.0, 1.0, 0.5, 0.1])
    more = np.concatenate([embeddings, 100 * np.ones((5, 4))])
    marked = np.concatenate([labels, np.full(5, -1, dtype=np.int32)])
    np.testing.assert_allclose(
        within_class_whitening(more, marked, strength=3.0),
        within_class_whitening(embeddings, labels, strength=3.0),
    )


@pytest.mark.parametrize("labels", [[-1] * 5, [0, 1, 2, 3, 4]])
def test_without_a_class_of_two_photos_nothing_changes(labels):
    embeddings = np.random.default_rng(0).standard_normal((5, 3))
    found = within_class_whitening(embeddings, np.array(labels, dtype=np.int32), strength=3.0)
    np.testing.assert_array_equal(found, np.eye(3))
