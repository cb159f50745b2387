import pickle
import zipfile

import numpy as np
import pytest
from PIL import Image

from hashviewer.datasets import LabelledFeatures, open_dataset
from hashviewer.datasets.labelled import one_hot
from hashviewer.errors import DatasetError
from hashviewer.images import Preprocessing

SMALL = Preprocessing(size=16, fit="squash")


def make_images(root, names):
    for place, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 20), (10 * place, 100, 50)).save(path)


def test_a_folder_of_folders_is_labelled_by_the_folder(tmp_path):
    make_images(tmp_path, ["dog/a.png", "cat/b.png", "cat/c.png"])
    images = open_dataset(str(tmp_path))
    assert images.label_names == ("cat", "dog")
    assert images.labels.tolist() == [[1, 0], [1, 0], [0, 1]]
    assert images.parts.tolist() == ["", "", ""]
    assert images.pixels(2, SMALL).shape == (16, 16, 3)
    assert abs(int(images.pixels(2, SMALL)[0, 0, 0]) - 0) <= 2


def test_a_zip_with_official_parts_is_labelled_by_the_second_folder(tmp_path):
    names = ["train/cat/1.png", "train/dog/2.png", "test/dog/3.png"]
    make_images(tmp_path, names)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name in names:
            archive.write(tmp_path / name, name)
    images = open_dataset(str(tmp_path / "set.zip"))
    assert images.label_names == ("cat", "dog")
    assert images.parts.tolist() == ["test", "train", "train"]
    assert images.labels.tolist() == [[0, 1], [1, 0], [0, 1]]
    assert images.pixels(0, SMALL).shape == (16, 16, 3)


def test_a_folder_without_labels_or_a_false_zip_is_refused_in_words(tmp_path):
    make_images(tmp_path / "flat", ["a.png"])
    with pytest.raises(DatasetError, match="no image in a subfolder"):
        open_dataset(str(tmp_path / "flat"))
    (tmp_path / "false.zip").write_bytes(b"no")
    with pytest.raises(DatasetError, match="zip"):
        open_dataset(str(tmp_path / "false.zip"))
    with pytest.raises(DatasetError, match="nothing at"):
        open_dataset("list:" + str(tmp_path / "absent"))
    (tmp_path / "a.xyz").write_bytes(b"")
    with pytest.raises(DatasetError, match="no known kind"):
        open_dataset(str(tmp_path / "a.xyz"))


def cifar_rows(count, seed):
    draw = np.random.default_rng(seed)
    return draw.integers(0, 256, (count, 3072), dtype=np.uint8), draw.integers(0, 10, count)


NAMES = ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"]


def test_both_forms_of_cifars_files_are_read_alike_and_no_pickle_is_run(tmp_path):
    for number, name in enumerate(NAMES):
        pixels, classes = cifar_rows(4, number)
        (tmp_path / "bin").mkdir(exist_ok=True)
        rows = np.concatenate([classes[:, None].astype(np.uint8), pixels], axis=1)
        (tmp_path / "bin" / f"{name}.bin").write_bytes(rows.tobytes())
        (tmp_path / "py").mkdir(exist_ok=True)
        with (tmp_path / "py" / name).open("wb") as file:
            named = {"batch_label": name, "labels": classes.tolist(), "data": pixels, "filenames": ["x"] * 4}
            pickle.dump(named, file, protocol=2)
    binary, python = open_dataset(str(tmp_path / "bin")), open_dataset(str(tmp_path / "py"))
    assert len(binary) == len(python) == 24
    assert binary.parts.tolist() == ["train"] * 20 + ["test"] * 4
    assert np.array_equal(binary.labels, python.labels)
    assert np.array_equal(binary.labels.argmax(1)[4:8], cifar_rows(4, 1)[1])
    expected = cifar_rows(4, 1)[0][2].reshape(3, 32, 32).transpose(1, 2, 0)
    assert np.array_equal(binary.read(6), expected)
    assert np.array_equal(python.read(6), expected)
    assert binary.pixels(0, SMALL).shape == (16, 16, 3)


class Bomb:
    def __reduce__(self):
        return (eval, ("1/0",))


def test_a_hostile_pickle_is_damage_and_does_nothing(tmp_path):
    for name in NAMES:
        (tmp_path / name).write_bytes(pickle.dumps({"labels": [1], "data": Bomb()}, protocol=2))
    with pytest.raises(DatasetError, match="damaged"):
        open_dataset(str(tmp_path))


def test_lists_hold_paths_with_spaces_and_several_labels(tmp_path):
    make_images(tmp_path, ["a 1.png", "b.png"])
    (tmp_path / "train.txt").write_text("a 1.png 1 0 1\n\nb.png 0 1 0\n")
    images = open_dataset(str(tmp_path / "train.txt"))
    assert images.labels.tolist() in ([[1, 0, 1], [0, 1, 0]],)
    assert images.pixels(0, SMALL).shape == (16, 16, 3)
    (tmp_path / "bad.txt").write_text("a.png 1 0\nb.png 1\n")
    with pytest.raises(DatasetError, match=r"Line 2 of bad\.txt has 1 labels"):
        open_dataset(str(tmp_path / "bad.txt"))
    (tmp_path / "worse.txt").write_text("a.png 7\n")
    with pytest.raises(DatasetError, match="Line 1"):
        open_dataset(str(tmp_path / "worse.txt"))


def test_arrays_are_read_without_pickle(tmp_path):
    features = np.ones((3, 2), dtype=np.float32)
    np.savez(tmp_path / "a.npz", features=features, labels=np.array([0, 2, 1]))
    found = open_dataset(str(tmp_path / "a.npz"))
    assert isinstance(found, LabelledFeatures)
    assert found.labels.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    np.savez(tmp_path / "b.npz", features=np.array([Bomb()]), labels=np.array([0]))
    with pytest.raises(DatasetError, match="cannot be read"):
        open_dataset(str(tmp_path / "b.npz"))
    np.savez(tmp_path / "c.npz", features=features)
    with pytest.raises(DatasetError, match="labels"):
        open_dataset(str(tmp_path / "c.npz"))
    np.savez(tmp_path / "d.npz", features=features * np.nan, labels=np.array([0, 2, 1]))
    with pytest.raises(DatasetError, match="finite"):
        open_dataset(str(tmp_path / "d.npz"))


def test_negative_class_numbers_have_no_label():
    assert one_hot(np.array([1, -1]), 2).tolist() == [[0, 1], [0, 0]]
    with pytest.raises(DatasetError):
        one_hot(np.array([2]), 2)
