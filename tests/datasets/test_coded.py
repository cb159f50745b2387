import numpy as np
import pytest

from hashviewer import codes as packed
from hashviewer.datasets import read_codes
from hashviewer.errors import DatasetError

ONES = np.random.default_rng(0).random((6, 12)) < 0.5
CLASSES = np.array([0, 1, 2, 0, -1, 2])


def written(folder, **arrays):
    np.savez(folder / "codes.npz", **arrays)
    return folder / "codes.npz"


@pytest.mark.parametrize(
    "codes",
    [
        {"codes": packed.pack(ONES), "bits": np.int64(12)},
        {"codes": ONES},
        {"codes": ONES.astype(np.int64)},
        {"codes": ONES.astype(np.float32)},
        {"codes": np.where(ONES, 1, -1)},
        {"outputs": np.where(ONES, 0.0, -0.3)},
    ],
)
def test_codes_may_be_packed_bits_signs_or_outputs(tmp_path, codes):
    found = read_codes(written(tmp_path, labels=CLASSES, **codes))
    assert found.bits == 12
    assert np.array_equal(packed.unpack(found.codes, 12), ONES)
    assert found.labels.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert found.queries is None


def test_queries_of_the_file_come_after_its_database(tmp_path):
    found = read_codes(
        written(tmp_path, codes=ONES, labels=CLASSES, query_codes=~ONES[:2], query_labels=np.array([3, 0]))
    )
    assert found.queries.tolist() == [6, 7]
    assert np.array_equal(packed.unpack(found.codes[6:], 12), ~ONES[:2])
    assert found.labels[6].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"labels": CLASSES}, "needs “codes” or “outputs”"),
        ({"codes": ONES}, "needs “labels” for its 6 codes"),
        ({"codes": ONES, "labels": CLASSES[:3]}, "needs “labels”"),
        ({"codes": ONES, "labels": CLASSES + 0.5}, "neither class numbers"),
        (
            {"codes": packed.pack(ONES), "bits": np.int64(30), "labels": CLASSES},
            "not packed codes of 30 bits",
        ),
        ({"outputs": np.full((6, 4), np.nan), "labels": CLASSES}, "not all finite"),
        (
            {"codes": ONES, "labels": CLASSES, "query_codes": ONES[:, :4], "query_labels": CLASSES},
            "have 4 bits",
        ),
        ({"codes": np.array([None]), "labels": CLASSES}, "cannot be read"),
    ],
)
def test_a_file_of_another_form_is_refused_with_the_reason(tmp_path, arrays, reason):
    with pytest.raises(DatasetError, match=reason):
        read_codes(written(tmp_path, **arrays))
