"""The one door: opening, queries, search, statistics, explanation; without torch and Qt."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from made_library import BITS, KEY, info, make_library, new_photo, values
from plain_search import slow_distance

from hashviewer import codes as packed
from hashviewer import workspace as workspaces
from hashviewer.errors import EncodingError, LibraryError, SearchError
from hashviewer.library import Library, LibraryWriter, create_code_only
from hashviewer.workspace import CheckpointGivenError, Workspace, locate_library
from hashviewer.workspace import encoders as encoders_module


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_library(tmp_path_factory.mktemp("workspace"))


@pytest.fixture
def workspace(made):
    with Workspace.open(made.path) as opened:
        yield opened


def plain_ranking(query, codes, rows):
    """(distance, row) of some rows, sorted, by counting differing bits one by one."""
    return sorted((slow_distance(query, codes[row]), row) for row in rows)


def test_a_photo_of_the_library_finds_itself_first_and_the_rest_by_distance_and_row(workspace, made):
    query = workspace.query_row(5, codes=KEY)
    matches = workspace.search(query, k=None)
    codes, _ = workspace.library.codes(KEY)
    searched = [row for row in range(len(workspace.library)) if row not in {3, made.bare}]
    expected = plain_ranking(query.code, codes, searched)
    assert list(zip(matches.distances.tolist(), matches.rows.tolist(), strict=True)) == expected
    assert (matches.rows[0], matches.distances[0]) == (5, 0)
    assert matches.total == len(searched) == matches.histogram.sum()


def test_superseded_and_unencoded_photos_are_never_found(workspace, made):
    matches = workspace.search(workspace.query_row(0, codes=KEY), k=None)
    assert {3, made.bare}.isdisjoint(matches.rows.tolist())
    assert made.newer in matches.rows
    assert matches.rank_of(3) is None


def test_missing_photos_are_still_found(workspace, made):
    assert made.gone in workspace.search(workspace.query_row(0, codes=KEY), k=None).rows


def test_a_radius_and_a_number_cut_the_answer(workspace):
    query = workspace.query_row(8, codes=KEY)
    everything = workspace.search(query, k=None)
    within = workspace.search(query, k=None, radius=12)
    assert len(within.rows) == everything.within(12) > 3
    assert within.distances.max() <= 12
    assert workspace.search(query, k=3, radius=12).rows.tolist() == everything.rows[:3].tolist()


def test_rows_narrow_the_search_even_when_the_library_has_grown_since(workspace):
    query = workspace.query_row(1, codes=KEY)
    rows = np.zeros(10, dtype=np.bool_)
    rows[[1, 4, 7]] = True
    assert sorted(workspace.search(query, rows=rows).rows.tolist()) == [1, 4, 7]


def test_reranking_takes_the_best_of_more_than_are_shown(workspace):
    query = workspace.query_row(2, codes=KEY)
    plain = workspace.search(query, k=20)
    features = workspace.library.features(KEY, plain.rows)
    own = query.feature / np.linalg.norm(query.feature)
    cosines = [float(f @ own / np.linalg.norm(f)) for f in features]
    expected = [int(plain.rows[i]) for i in sorted(range(20), key=lambda i: -cosines[i])][:4]
    found = workspace.search(query, k=4, rerank=20)
    assert found.rows.tolist() == expected
    assert found.reranked == 20


def test_a_query_reads_code_outputs_feature_and_thumbnail_of_its_row(workspace, made):
    query = workspace.query_row(9, codes=KEY)
    features, outputs = values(len(workspace.library))
    assert np.array_equal(packed.unpack(query.code, BITS), outputs[9] >= 0)
    assert query.outputs == pytest.approx(outputs[9], rel=2e-3, abs=1e-3)
    assert query.feature == pytest.approx(features[9], rel=2e-3, abs=1e-3)
    assert query.title == "photo-09.jpg"
    assert query.path == str(made.root / workspace.library.path_of(9))
    assert query.thumbnail[:2] == b"\xff\xd8"
    assert query.row == 9


@pytest.mark.parametrize("row", [-1, 10_000])
def test_a_row_that_is_not_there_is_refused_in_words(workspace, row):
    with pytest.raises(SearchError, match=f"no photo {row}"):
        workspace.query_row(row, codes=KEY)


def test_a_photo_without_a_code_is_refused_with_the_way_out(workspace, made):
    with pytest.raises(SearchError, match="index the library again"):
        workspace.query_row(made.bare, codes=KEY)


def test_an_unknown_code_set_is_refused_with_those_there_are(workspace):
    with pytest.raises(SearchError, match=KEY):
        workspace.query_row(0, codes="photos-512")


def test_an_explanation_says_rank_distance_and_differing_bits(workspace):
    query = workspace.query_row(5, codes=KEY)
    matches = workspace.search(query, k=3)
    everything = workspace.search(query, k=None)
    far = int(everything.rows[-1])
    why = workspace.explain(query, far, matches)
    assert (why.rank, why.total) == (matches.total - 1, matches.total)
    assert why.distance == len(why.differing_bits) == everything.distances[-1]
    bits = packed.unpack(query.code, BITS) != packed.unpack(workspace.code_of(far, KEY), BITS)
    assert why.differing_bits == tuple(np.flatnonzero(bits).tolist())


def test_explaining_a_photo_that_was_not_searched_says_so(workspace, made):
    query = workspace.query_row(5, codes=KEY)
    with pytest.raises(SearchError, match="not searched"):
        workspace.explain(query, made.bare, workspace.search(query))


def test_buckets_hold_exactly_the_photos_within_the_radius(workspace):
    query = workspace.query_row(5, codes=KEY)
    matches = workspace.search(query, k=None, radius=14)
    found = workspace.buckets(query, radius=14)
    rows = sorted(row for bucket in found.buckets for row in bucket.rows.tolist())
    assert rows == sorted(matches.rows.tolist())
    reused = workspace.buckets(query, radius=14, distances=matches.all_distances)
    assert [ring.photos for ring in reused.rings] == matches.histogram[:15].tolist()


def test_bit_statistics_leave_out_hidden_photos_and_are_computed_once(workspace, made):
    found = workspace.bit_statistics(KEY)
    _, outputs = values(len(workspace.library))
    rows = [row for row in range(len(outputs)) if row not in {3, made.bare}]
    assert found.count == len(rows)
    assert found.balance == pytest.approx((outputs[rows] >= 0).mean(axis=0))
    assert workspace.bit_statistics(KEY) is found


def test_the_default_code_set_covers_most_photos_and_has_the_fewest_bits_of_equals(tmp_path):
    features, outputs = values(6)
    codes = packed.pack(outputs >= 0)
    wide = np.repeat(outputs, 2, axis=1)
    made = make_library(tmp_path)
    with Library.open(made.path) as library, LibraryWriter(library) as writer:
        mask = np.ones(6, dtype=np.bool_)
        writer.add_codes(info(key="a-72", bits=72), 0, packed.pack(wide >= 0), wide, features, mask)
        writer.add_codes(info(key="b-36"), 0, codes, outputs, features, mask)
    with Workspace.open(made.path) as workspace:
        assert workspace.default_codes() == KEY
        keys = [each.key for each in workspace.code_sets]
    assert keys == ["a-72", "b-36", KEY]


def test_of_equal_code_sets_one_whose_model_is_here_is_the_default(tmp_path, monkeypatch):
    features, outputs = values(6)
    codes = packed.pack(outputs >= 0)
    root = tmp_path / "photos"
    with Library.create(tmp_path / "lib", root=root) as library, LibraryWriter(library) as writer:
        writer.add_photos([new_photo(f"{number}.jpg", "", b"") for number in range(6)])
        for key, sha in (("before", "a" * 64), ("now", "b" * 64)):
            mask = np.ones(6, dtype=np.bool_)
            writer.add_codes(info(key=key, model_sha256=sha), 0, codes, outputs, features, mask)

    def find(given):
        if given.key == "before":
            raise SearchError("Another model has its name now.")
        return tmp_path / "model.safetensors"

    monkeypatch.setattr(encoders_module, "find_model_of", find)
    with Workspace.open(tmp_path / "lib") as workspace:
        assert workspace.default_codes() == "now"


def test_codes_that_came_without_a_model_answer_rows_and_say_why_not_pictures(tmp_path):
    create_code_only(tmp_path / "lib", np.array([[1], [3]], np.uint8), 8)
    with Workspace.open(tmp_path / "lib") as workspace:
        (key,) = (each.key for each in workspace.code_sets)
        assert workspace.search(workspace.query_row(1, codes=key)).distances.tolist() == [0, 1]
        with pytest.raises(SearchError, match="came without a model"):
            workspace.query_image(tmp_path / "photo.jpg", codes=key)


def test_a_library_without_codes_has_no_default(tmp_path):
    Library.create(tmp_path / "empty", root=tmp_path).close()
    with Workspace.open(tmp_path / "empty") as workspace:
        assert workspace.default_codes() is None
        assert workspace.code_sets == ()


def test_refresh_shows_what_another_process_has_added(tmp_path):
    made = make_library(tmp_path)
    with Workspace.open(made.path) as workspace:
        before = workspace.search(workspace.query_row(0, codes=KEY), k=None)
        assert not workspace.refresh()
        with Library.open(made.path) as library, LibraryWriter(library) as writer:
            _, outputs = values(len(library))
            features, _ = values(len(library))
            row = slice(made.bare, made.bare + 1)
            codes = packed.pack(outputs[row] >= 0)
            writer.add_codes(
                info(), made.bare, codes, outputs[row], features[row], np.ones(1, dtype=np.bool_)
            )
        assert workspace.refresh()
        after = workspace.search(workspace.query_row(0, codes=KEY), k=None)
        assert set(after.rows.tolist()) - set(before.rows.tolist()) == {made.bare}
        assert workspace.bit_statistics(KEY).count == after.total


def test_many_threads_get_the_same_answers(workspace):
    expected = [
        workspace.search(workspace.query_row(row, codes=KEY), k=5).rows.tolist() for row in range(8, 30)
    ]
    answers = {}

    def ask(start):
        for row in range(start, 30, 4):
            query = workspace.query_row(row, codes=KEY)
            answers[row] = workspace.search(query, k=5).rows.tolist()
            workspace.bit_statistics(KEY)

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(8, 12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answers[row] for row in range(8, 30)] == expected


# Opening


def test_nothing_is_said_to_be_nothing(tmp_path):
    with pytest.raises(LibraryError, match="nothing at"):
        Workspace.open(tmp_path / "lost")


def test_a_folder_of_photos_is_said_to_need_indexing(made):
    with pytest.raises(LibraryError, match="not a HashViewer library: index it first"):
        Workspace.open(made.root)


def test_a_file_of_another_kind_is_refused_in_words(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("no library")
    with pytest.raises(LibraryError, match=r"notes\.txt"):
        Workspace.open(file)


def test_a_checkpoint_is_told_apart_so_that_its_card_can_be_shown(tmp_path):
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    with pytest.raises(CheckpointGivenError, match="model checkpoint") as caught:
        Workspace.open(file)
    assert caught.value.path == file


def test_the_library_of_a_folder_has_the_same_place_every_time(tmp_path, monkeypatch):
    folders = [tmp_path / "a" / "Summer 2024", tmp_path / "b" / "Summer 2024"]
    for folder in folders:
        folder.mkdir(parents=True)
    first, second = map(locate_library, folders)
    assert first != second
    assert first.name.startswith("Summer-2024-")
    monkeypatch.chdir(tmp_path / "a")
    assert locate_library(Path("Summer 2024")) == first


def test_a_library_in_the_users_data_is_called_as_its_folder(made):
    path = locate_library(made.root)
    if not path.exists():
        Library.create(path, root=made.root).close()
    with Workspace.open(path) as workspace:
        assert workspace.name == "photos"
    with Workspace.open(made.path) as workspace:
        assert workspace.name == "library"


# Pictures from outside


class Encoder:
    """Stands for the encoder process: gives the code of row 7, or fails when told to."""

    made = 0
    failing = False

    def __init__(self, model, *, engine, precision, device="auto"):
        Encoder.made += 1
        self.settings = (model, engine, precision)
        self.closed = False

    def start(self):
        pass

    def encode(self, source):
        if Encoder.failing:
            raise EncodingError("The encoder stopped.")
        features, outputs = values(49)
        return Encoded(packed.pack(outputs[7] >= 0), outputs[7], features[7])

    def close(self):
        self.closed = True


class Encoded:
    def __init__(self, code, outputs, feature):
        self.code, self.outputs, self.feature, self.thumbnail = code, outputs, feature, b"jpeg"
        self.width = self.height = 24


@pytest.fixture
def encoder(monkeypatch, tmp_path):
    encoding = pytest.importorskip("hashviewer.encoding")
    monkeypatch.setattr(encoding, "QueryEncoder", Encoder)
    monkeypatch.setattr(encoders_module, "find_model_of", lambda info: tmp_path / "tiny.safetensors")
    Encoder.made, Encoder.failing = 0, False
    return Encoder


def test_a_picture_from_outside_is_encoded_and_asked(workspace, encoder, tmp_path):
    query = workspace.query_image(tmp_path / "from outside.jpg", codes=KEY)
    assert (query.row, query.title) == (None, "from outside.jpg")
    assert query.path == str(tmp_path / "from outside.jpg")
    assert workspace.search(query, k=1).rows.tolist() == [7]


def test_one_encoder_serves_all_queries_of_a_code_set(workspace, encoder):
    workspace.warm_up(KEY)
    pasted = workspace.query_image(b"picture", codes=KEY)
    workspace.query_image(b"picture", codes=KEY, title="from the clipboard")
    assert encoder.made == 1
    assert (pasted.title, pasted.path) == ("Pasted picture", None)


def test_a_failed_encoder_is_replaced_at_the_next_query(workspace, encoder):
    encoder.failing = True
    with pytest.raises(EncodingError):
        workspace.query_image(b"picture", codes=KEY)
    encoder.failing = False
    assert workspace.query_image(b"picture", codes=KEY).code.shape == (5,)
    assert encoder.made == 2


def test_without_the_model_pictures_are_refused_with_the_way_out_and_rows_still_work(workspace):
    pytest.importorskip("hashviewer.encoding")
    with pytest.raises(SearchError, match=r"“tiny” \(SHA-256 abababababab…\).*not on this machine"):
        workspace.query_image(b"picture", codes=KEY)
    assert workspace.query_row(0, codes=KEY).row == 0


def test_opening_searching_and_statistics_load_neither_torch_nor_qt(made):
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from hashviewer.workspace import Workspace\n"
        f"with Workspace.open(Path({str(made.path)!r})) as w:\n"
        f"    q = w.query_row(0, codes={KEY!r})\n"
        "    w.search(q, rerank=10); w.buckets(q, radius=3); w.bit_statistics(q.codes)\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'torch', 'PySide6', 'pyqtgraph', 'openvino'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert workspaces.is_library(made.path)
