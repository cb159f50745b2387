"""What each format holds, and that it says where it comes from."""

import codecs
import csv
import html.parser
import io
import json
import zipfile

import numpy as np
import pytest
from made_library import BITS, DIM, KEY, SHA, make_library, values

from hashviewer import __version__
from hashviewer import codes as packed
from hashviewer.errors import ExportError, SearchError
from hashviewer.export import Format, export, export_all, export_neighbours
from hashviewer.export import arrays as arrays_module
from hashviewer.export import neighbours as neighbours_module
from hashviewer.export.neighbours import nearest_of_each
from hashviewer.progress import Cancelled, silent
from hashviewer.workspace import Workspace


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_library(tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="module")
def workspace(made):
    with Workspace.open(made.path) as opened:
        yield opened


def exported(workspace, output, format, *, row=5, k=None, radius=None, rerank=0):
    query = workspace.query_row(row, codes=KEY)
    matches = workspace.search(query, k=k, radius=radius, rerank=rerank)
    report = export(workspace, query, matches, format=format, output=output, k=k, radius=radius)
    return query, matches, report


def table(data):
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def check_origin(origin, query, matches, *, k, radius):
    assert origin["model"]["sha256"] == SHA
    assert origin["model"]["bits"] == BITS
    assert origin["preprocessing"] == {"size": 224, "fit": "crop"}
    assert "most significant" in origin["bit_order"]
    assert origin["query"]["row"] == query.row
    assert origin["query"]["code"] == packed.to_hex(query.code)
    assert (origin["k"], origin["radius"]) == (k, radius)
    assert "Hamming" in origin["distance"]
    assert "row" in origin["tie_rule"]
    assert origin["library"]["version"] == "1.0"
    assert origin["hashviewer"] == __version__
    assert origin["results"] == len(matches.rows)
    assert origin["searched"] == matches.total


def test_csv_lists_the_answer_with_its_origin_beside_it(workspace, tmp_path):
    query, matches, report = exported(workspace, tmp_path / "near.csv", "csv", k=12)
    lines = table((tmp_path / "near.csv").read_bytes())
    assert [int(line["row"]) for line in lines] == matches.rows.tolist()
    assert [int(line["distance"]) for line in lines] == matches.distances.tolist()
    assert [int(line["rank"]) for line in lines] == list(range(1, 13))
    for line in lines:
        assert len(line["differing_bits"].split()) == int(line["distance"])
        assert line["model_sha256"] == SHA
    check_origin(
        json.loads((tmp_path / "near.provenance.json").read_text()), query, matches, k=12, radius=None
    )
    assert report.photos == 12
    assert sorted(path.name for path in tmp_path.iterdir()) == ["near.csv", "near.provenance.json"]


def test_csv_cells_are_never_formulas(workspace, tmp_path):
    exported(workspace, tmp_path / "all.csv", "csv")
    lines = table((tmp_path / "all.csv").read_bytes())
    texts = [text for line in lines for text in line.values()]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert "'=HYPERLINK(1).jpg" in [line["path"] for line in lines]
    assert "'=forest" in [line["label"] for line in lines]


def test_csv_marks_its_encoding_only_where_a_text_is_not_ascii(workspace, tmp_path):
    exported(workspace, tmp_path / "few.csv", "csv", k=5)
    exported(workspace, tmp_path / "all.csv", "csv")
    assert not (tmp_path / "few.csv").read_bytes().startswith(codecs.BOM_UTF8)
    assert (tmp_path / "all.csv").read_bytes().startswith(codecs.BOM_UTF8)
    paths = [line["path"] for line in table((tmp_path / "all.csv").read_bytes())]
    assert "Grüße.jpg" in paths
    assert "bytes-\\udcff\\udcfe.jpg" in paths


def test_json_holds_results_histogram_and_origin(workspace, made, tmp_path):
    query, matches, _ = exported(workspace, tmp_path / "near.json", "json", radius=14, rerank=5)
    document = json.loads((tmp_path / "near.json").read_text("ascii"))
    assert [result["row"] for result in document["results"]] == matches.rows.tolist()
    assert document["histogram"] == matches.histogram.tolist()
    for result in document["results"]:
        assert result["path"] == str(made.root / workspace.library.path_of(result["row"]))
        assert len(result["differing_bits"]) == result["distance"] <= 14
    check_origin(document["provenance"], query, matches, k=None, radius=14)
    assert document["provenance"]["rerank"] == 5
    assert "cosine" in document["provenance"]["order"]


def test_json_keeps_the_bytes_of_any_path(workspace, made, tmp_path):
    exported(workspace, tmp_path / "all.json", "json")
    paths = [result["path"] for result in json.loads((tmp_path / "all.json").read_text())["results"]]
    assert [path for path in paths if path.encode(errors="surrogateescape").endswith(b"bytes-\xff\xfe.jpg")]


def test_an_answer_without_photos_is_a_valid_document(workspace, tmp_path):
    query = workspace.query_row(0, codes=KEY)
    nothing = workspace.search(query, rows=np.zeros(len(workspace.library), dtype=np.bool_))
    for format in Format:
        export(workspace, query, nothing, format=format, output=tmp_path / f"empty-{format.value}")
    assert json.loads((tmp_path / "empty-json").read_text())["results"] == []
    assert table((tmp_path / "empty-csv").read_bytes()) == []


def read_folder(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def read_zip(file):
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(("format", "read"), [("folder", read_folder), ("zip", read_zip)])
def test_pictures_are_the_originals_in_order_with_table_and_origin(workspace, made, tmp_path, format, read):
    query, matches, report = exported(workspace, tmp_path / "out", format)
    files = read(tmp_path / "out")
    origin = json.loads(files.pop("provenance.json"))
    check_origin(origin, query, matches, k=None, radius=None)
    lines = table(files.pop("results.csv"))
    assert [int(line["row"]) for line in lines] == matches.rows.tolist()
    names = [line["picture"] for line in lines]
    assert sorted(names) == sorted(files)
    assert len(set(names)) == len(names) == len(matches.rows)
    for line in lines:
        row = int(line["row"])
        expected = workspace.library.thumbnail(row)
        if row != made.gone:
            expected = workspace.library.full_path(row).read_bytes()
        assert files[line["picture"]] == expected
    assert report.thumbnails == ("gone.jpg",)
    assert report.missing == ()
    assert "1 as thumbnails" in report.sentence()


def test_a_photo_without_original_and_thumbnail_is_listed_as_missing(tmp_path):
    made = make_library(tmp_path)
    (made.root / "wood" / "photo-05.jpg").unlink()
    with Workspace.open(made.path) as workspace:
        library = workspace.library
        thumbnail = library.thumbnail
        library.thumbnail = lambda row: b"" if row == 5 else thumbnail(row)
        *_, report = exported(workspace, tmp_path / "out", "folder", k=3)
    assert report.missing == ("wood/photo-05.jpg",)
    lines = table((tmp_path / "out" / "results.csv").read_bytes())
    assert lines[0]["picture"] == ""
    assert len(list((tmp_path / "out").glob("*.jpg"))) == 2


class Page(html.parser.HTMLParser):
    """Collects tags, shown text and the contents of scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.scripts, self._script = [], [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._script = tag == "script"

    def handle_endtag(self, tag):
        self._script = False

    def handle_data(self, data):
        (self.scripts if self._script else self.texts).append(data)


def test_html_shows_thumbnails_and_origin_and_loads_nothing_from_elsewhere(workspace, tmp_path):
    query, matches, _ = exported(workspace, tmp_path / "near.html", "html")
    page = Page((tmp_path / "near.html").read_text("utf-8"))
    images = [attrs for tag, attrs in page.tags if tag == "img"]
    assert len(images) == len(matches.rows) + 1
    assert all(image["src"].startswith("data:image/jpeg;base64,") for image in images)
    check_origin(json.loads("".join(page.scripts)), query, matches, k=None, radius=None)
    shown = " ".join(page.texts)
    assert SHA in shown
    assert "<b>street</b>" in shown


def test_html_never_lets_names_become_markup(workspace, tmp_path):
    exported(workspace, tmp_path / "near.html", "html")
    page = Page((tmp_path / "near.html").read_text("utf-8"))
    assert not [attrs for _, attrs in page.tags if "onerror" in attrs]
    assert {tag for tag, _ in page.tags if tag == "script"} == {"script"}
    assert len([tag for tag, _ in page.tags if tag == "script"]) == 1


def test_npz_holds_every_living_photo_with_a_code_in_row_order(workspace, made, tmp_path, monkeypatch):
    monkeypatch.setattr(arrays_module, "BLOCK", 7)
    report = export_all(workspace, codes=KEY, output=tmp_path / "all.npz")
    features, outputs = values(len(workspace.library))
    rows = [row for row in range(len(features)) if row not in {3, made.bare}]
    with np.load(tmp_path / "all.npz", allow_pickle=False) as file:
        assert file["rows"].tolist() == rows
        assert file["bits"] == BITS
        assert np.array_equal(packed.unpack(file["codes"], BITS), outputs[rows] >= 0)
        assert file["outputs"].dtype == np.float32
        assert file["outputs"] == pytest.approx(outputs[rows], rel=2e-3, abs=1e-3)
        assert file["features"].shape == (len(rows), DIM)
        assert file["features"] == pytest.approx(features[rows], rel=2e-3, abs=1e-3)
        assert file["paths"].tolist() == workspace.library.paths(rows)
        names = file["label_names"].tolist()
        assert [names[i] if i >= 0 else "" for i in file["labels"]] == [
            workspace.library.photo(r).label for r in rows
        ]
        assert json.loads(str(file["provenance"]))["model"]["sha256"] == SHA
    assert report.photos == len(rows)


def test_an_unknown_format_is_refused_with_those_there_are(workspace, tmp_path):
    with pytest.raises(ExportError, match="csv, json, folder, zip, html"):
        exported(workspace, tmp_path / "near.xls", "xls")


@pytest.mark.parametrize("format", list(Format))
def test_a_cancelled_export_leaves_nothing_behind(workspace, tmp_path, format):
    def stop(done, total=None, message=""):
        if done >= 3:
            raise Cancelled

    query = workspace.query_row(5, codes=KEY)
    matches = workspace.search(query, k=None)
    with pytest.raises(Cancelled):
        export(workspace, query, matches, format=format, output=tmp_path / "out", progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_cancelled_export_of_all_codes_leaves_nothing_behind(workspace, tmp_path):
    def stop(done, total=None, message=""):
        if "outputs" in message:
            raise Cancelled

    with pytest.raises(Cancelled):
        export_all(workspace, codes=KEY, output=tmp_path / "all.npz", progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scans", ["cpu", "none"])  # without scans: by products on the processor, as on a GPU
def test_neighbours_are_the_nearest_other_photos_of_each(workspace, made, tmp_path, monkeypatch, scans):
    monkeypatch.setattr(neighbours_module, "ON_CPU", scans)
    monkeypatch.setattr(neighbours_module, "_BATCH", 7)
    report = export_neighbours(workspace, codes=KEY, k=4, output=tmp_path / "near.npz", device="cpu")
    with np.load(tmp_path / "near.npz", allow_pickle=False) as file:
        rows, near, apart = file["rows"], file["neighbours"], file["distances"]
        assert file["paths"].tolist() == workspace.library.paths(rows)
        assert json.loads(str(file["provenance"]))["model"]["sha256"] == SHA
    assert (report.photos, near.shape, apart.shape) == (len(rows), (len(rows), 4), (len(rows), 4))
    assert not {3, made.bare} & set(rows.tolist())
    for row, found, distances in zip(rows.tolist(), near.tolist(), apart.tolist(), strict=True):
        own = workspace.search(workspace.query_row(row, codes=KEY), k=None)
        pairs = [(r, d) for r, d in zip(own.rows.tolist(), own.distances.tolist(), strict=True) if r != row]
        assert list(zip(found, distances, strict=True)) == pairs[:4]


def test_of_equal_codes_each_has_all_others_as_neighbours():
    codes = np.zeros((5, 2), np.uint8)
    places, apart = nearest_of_each(codes, 16, 2, device="cpu", progress=silent)
    assert places.tolist() == [[1, 2], [0, 2], [0, 1], [0, 1], [0, 1]]
    assert not apart.any()
    assert nearest_of_each(codes, 16, 99, device="cpu", progress=silent)[0].shape == (5, 4)
    assert nearest_of_each(codes[:1], 16, 3, device="cpu", progress=silent)[0].shape == (1, 0)
    assert nearest_of_each(codes[:0], 16, 3, device="cpu", progress=silent)[0].shape == (0, 0)


def test_neighbours_on_what_is_no_device_leave_nothing_behind(workspace, tmp_path):
    with pytest.raises(SearchError, match="“tape” is unknown"):
        export_neighbours(workspace, codes=KEY, k=4, output=tmp_path / "near.npz", device="tape")
    with pytest.raises(ExportError, match="at least 1"):
        export_neighbours(workspace, codes=KEY, k=0, output=tmp_path / "near.npz")
    assert list(tmp_path.iterdir()) == []
