"""Searches by a quantizer's own distance: what each method says, what a loop says, and what is refused."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from made_quantizer import (
    FORMS,
    KEY,
    add_codes,
    codes_of,
    distances_of,
    features_of,
    info_of,
    made_method,
    make_library,
    saved,
)
from typer.testing import CliRunner

from hashviewer.cli.app import app
from hashviewer.errors import SearchError
from hashviewer.library import Library, LibraryWriter
from hashviewer.methods import all_methods, load_method
from hashviewer.networks import read_card
from hashviewer.networks.header import compose
from hashviewer.networks.quantizers import METHODS, read_quantizer
from hashviewer.search import EXACT, SearchHow
from hashviewer.workspace import Workspace, composed, measuring, own_distance, with_flipped

ADC = SearchHow(distance="adc")
COUNT = 60


def made(folder, form, *, count=COUNT, half=False, head="mlp", **changes):
    """A library of a form of quantizer with any words to its photos, its method, its features and its codes."""
    method = made_method(form, head=head)
    card = saved(folder / "model.safetensors", method, FORMS[form][2], half=half)
    method = load_method(card.path)[0]
    features = features_of(count)
    codes = np.random.default_rng(5).choice([-1, 1], size=(count, FORMS[form][1]))
    path = make_library(folder / "library", info_of(card, **changes), codes, features)
    return path, method, features, codes


def numbers_in(code, each):
    """The numbers of the words in a code of -1 and +1."""
    ones = "".join("1" if bit > 0 else "0" for bit in code)
    return [int(ones[start : start + each], 2) for start in range(0, len(ones), each)]


def looped(method, form, feature, code):
    """The distance of one feature to one code, number by number."""
    key, bits, settings = FORMS[form]
    outputs = method.outputs(torch.from_numpy(feature)[None])[0].tolist()
    if key == "subic":
        words = settings.get("words", 256 if bits % 6 else 64)
        chosen = numbers_in(code, int(math.log2(words)))
        return -sum(max(outputs[m * words + number], 0) for m, number in enumerate(chosen))
    chosen = numbers_in(code, 8)
    books = method.books.tolist()
    if key == "dpq":
        total = 0.0
        for m, number in enumerate(chosen):
            part = outputs[m * 5 : m * 5 + 5]
            logits = [
                sum(part[f] * float(method.choosing[m, f, k]) for f in range(5)) + float(method.offsets[m, k])
                for k in range(256)
            ]
            shares = [math.exp(logit - max(logits)) for logit in logits]
            soft = [
                sum(s * w[d] for s, w in zip(shares, books[m], strict=True)) / sum(shares) for d in range(4)
            ]
            word = books[m][number]
            if settings.get("normalize"):
                soft, word = ([v / math.hypot(*values) for v in values] for values in (soft, word))
            total += sum((a - b) ** 2 for a, b in zip(soft, word, strict=True))
        return total
    length = math.hypot(*outputs)
    point = [value / length for value in outputs] if key == "dsq" else [math.tanh(value) for value in outputs]
    if key == "dqn" and settings.get("product", True):
        edges = [0, 3, 7, 10]  # of 10 columns for 3 books
        word = [books[chosen[m]][d] for m in range(3) for d in range(edges[m], edges[m + 1])]
        return sum((a - b) ** 2 for a, b in zip(point, word, strict=True))
    word = [sum(books[m][number][d] for m, number in enumerate(chosen)) for d in range(len(point))]
    if settings.get("compare") == "euclidean":
        return sum((a - b) ** 2 for a, b in zip(point, word, strict=True))
    return -sum(a * b for a, b in zip(point, word, strict=True))


def test_every_quantizer_of_the_registry_can_be_searched():
    of_registry = {info.key for info in all_methods() if info.query == "quantizer"}
    assert of_registry == set(METHODS) == {key for key, _, _ in FORMS.values()}


@pytest.mark.parametrize("head", ["linear", "mlp"])
@pytest.mark.parametrize("form", FORMS)
def test_a_photo_of_the_library_is_answered_by_the_methods_own_distance(tmp_path, form, head):
    path, method, features, codes = made(tmp_path, form, half=True, head=head)
    with Workspace.open(path) as workspace:
        assert own_distance(workspace.code_set(KEY)) == "adc"
        for row in (0, 7):
            found = workspace.search(workspace.query_row(row, codes=KEY), k=None, how=ADC)
            wanted = distances_of(method, features[row : row + 1], codes)[0]
            scale = np.abs(wanted).max()
            assert np.allclose(found.all_scores, wanted, rtol=0, atol=1e-5 * scale)
            assert np.all(np.diff(wanted[found.rows]) >= -2e-5 * scale)  # its ranking, but for what rounds
            order = sorted(range(COUNT), key=lambda item: (found.all_scores[item], item))
            assert found.rows.tolist() == order
            assert found.scores.tolist() == found.all_scores[found.rows].tolist()
            assert (found.exact, found.how) == (True, ADC)


@pytest.mark.parametrize("form", FORMS)
def test_the_distance_is_that_of_a_plain_loop(tmp_path, form):
    path, method, features, codes = made(tmp_path, form, count=12)
    with Workspace.open(path) as workspace:
        found = workspace.search(workspace.query_row(2, codes=KEY), k=None, how=ADC)
    expected = [looped(method, form, features[2], code) for code in codes]
    assert found.all_scores.tolist() == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_equal_photos_have_equal_codes_whenever_they_are_encoded(form):
    method = made_method(form)
    features = features_of(8)
    torch.manual_seed(1)
    once = codes_of(method, features)
    torch.manual_seed(2)
    assert (codes_of(method, features) == once).all()
    assert (codes_of(method, features[5:6]) == once[5:6]).all()


def test_k_masks_and_a_library_that_grows_are_as_for_other_distances(tmp_path):
    path, _, features, codes = made(tmp_path, "dsq by squared distance")
    with Workspace.open(path) as workspace:
        query = workspace.query_row(4, codes=KEY)
        everyone = workspace.search(query, k=None, how=ADC)
        assert workspace.search(query, k=5, how=ADC).rows.tolist() == everyone.rows[:5].tolist()
        assert workspace.search(query, k=COUNT + 40, how=ADC).rows.tolist() == everyone.rows.tolist()
        rows = np.zeros(COUNT, dtype=bool)
        rows[[3, 9, 30]] = True
        some = workspace.search(query, k=None, rows=rows, how=ADC)
        assert some.rows.tolist() == [row for row in everyone.rows.tolist() if rows[row]]
        assert np.isinf(some.all_scores[~rows]).all()
        nothing = workspace.search(query, rows=np.zeros(COUNT, dtype=bool), how=ADC)
        assert (nothing.rows.tolist(), nothing.total) == ([], 0)
        with Library.open(path) as library, LibraryWriter(library) as writer:
            add_codes(writer, workspace.code_set(KEY), codes[::-1], features)  # the same photos, encoded anew
        workspace.refresh()
        again = workspace.search(query, k=None, how=ADC)
        assert again.all_scores.tolist() == everyone.all_scores[::-1].tolist()


def test_equal_codes_stand_in_the_order_of_their_rows_and_one_photo_is_found(tmp_path):
    method = made_method("dvsq")
    card = saved(tmp_path / "model.safetensors", method, FORMS["dvsq"][2])
    features = features_of(9)
    codes = np.repeat(codes_of(method, features[:1]), 9, axis=0)
    equal = make_library(tmp_path / "equal", info_of(card), codes, features)
    single = make_library(tmp_path / "single", info_of(card), codes[:1], features[:1])
    with Workspace.open(equal) as workspace:
        found = workspace.search(workspace.query_row(5, codes=KEY), k=4, how=ADC)
        assert found.rows.tolist() == [0, 1, 2, 3]
    with Workspace.open(single) as workspace:
        assert workspace.search(workspace.query_row(0, codes=KEY), how=ADC).rows.tolist() == [0]


def test_rankings_of_two_quantizers_are_fused(tmp_path):
    path, _, features, _ = made(tmp_path, "dvsq")
    other = made_method("subic of 64", seed=3)
    card = saved(tmp_path / "other.safetensors", other, {})
    with Library.open(path) as library, LibraryWriter(library) as writer:
        add_codes(writer, info_of(card, key="other"), codes_of(other, features), features)
    with Workspace.open(path) as workspace:
        queries = [workspace.query_row(4, codes=key) for key in (KEY, "other")]
        places = [
            {row: place for place, row in enumerate(workspace.search(query, k=None, how=ADC).rows.tolist())}
            for query in queries
        ]
        found = workspace.search_several(queries, k=None, how=ADC)
        score = {row: sum(1 / (60 + 1 + place[row]) for place in places) for row in range(COUNT)}
        assert found.rows.tolist() == sorted(range(COUNT), key=lambda row: (-score[row], row))


@pytest.mark.parametrize("form", ["dqn", "dsq by squared distance", "subic of 64"])
def test_a_labelled_library_is_evaluated_by_the_methods_own_distance(tmp_path, form, monkeypatch):
    monkeypatch.setattr(measuring, "QUERIES", 7)  # so that there are several blocks
    path, method, features, codes = made(tmp_path, form)
    told = json.loads(CliRunner().invoke(app, ["evaluate", str(path), "--json"]).stdout)
    wanted = distances_of(method, features, codes).round(4)
    labels = np.arange(COUNT) % 2  # sea and wood
    values = []
    for row in range(COUNT):
        others = [other for other in range(COUNT) if other != row]
        order = sorted(others, key=lambda other: wanted[row, other])
        hits = [place for place, other in enumerate(order, 1) if labels[other] == labels[row]]
        values.append(np.mean([number / place for number, place in enumerate(hits, 1)]))
    assert told["own"]["distance"] == "adc"
    assert told["own"]["mAP"]["tie_aware"] == pytest.approx(np.mean(values), abs=3e-3)
    assert told["own"]["mAP"]["tie_aware"] != pytest.approx(told["mAP"]["tie_aware"], abs=1e-6)
    said = CliRunner().invoke(app, ["evaluate", str(path)]).stdout
    assert f"mAP {told['own']['mAP']['tie_aware']:.4f} by the quantizer's own distance" in said


def test_a_search_by_code_words_leaves_torch_alone(tmp_path):
    path = made(tmp_path, "dpq")[0]
    program = (
        "import sys; from pathlib import Path; from hashviewer.search import SearchHow\n"
        "from hashviewer.workspace import Workspace\n"
        "with Workspace.open(Path(sys.argv[1])) as opened:\n"
        "    query = opened.query_row(1, codes=sys.argv[2])\n"
        "    print(len(opened.search(query, how=SearchHow(distance='adc')).rows), 'torch' in sys.modules)\n"
    )
    words = [sys.executable, "-c", program, str(path), KEY]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(COUNT), "False"]


# What is refused


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return made(tmp_path_factory.mktemp("whole"), "dvsq")[0]


def refused(path, words, *, how=ADC, change=None):
    with Workspace.open(path) as workspace:
        query = workspace.query_row(4, codes=KEY)
        with pytest.raises(SearchError, match=words):
            workspace.search(query if change is None else change(workspace, query), how=how)


def test_what_has_no_distance_to_code_words_is_refused_in_words(whole):
    refused(whole, "Several codes", change=lambda w, q: composed([q, w.query_row(5, codes=KEY)]))
    refused(whole, "turned over", change=lambda w, q: with_flipped(q, [1], bits=32))
    refused(whole, "no asymmetric distance", how=SearchHow(distance="asymmetric"))
    with Workspace.open(whole) as workspace, pytest.raises(SearchError, match="no radius in bits"):
        workspace.search(workspace.query_row(4, codes=KEY), radius=3, how=ADC)


def test_there_is_nothing_to_plan(whole):
    with Workspace.open(whole) as workspace, pytest.raises(SearchError, match="nothing to plan"):
        workspace.plan(KEY)


def test_codes_that_are_no_quantizers_and_photos_without_features_are_refused(tmp_path):
    path, _, features, codes = made(tmp_path, "dvsq", query="hamming")
    refused(path, "no quantizer's")
    with Workspace.open(path) as workspace:
        assert own_distance(workspace.code_set(KEY)) == "hamming"
    bare = info_of(
        saved(tmp_path / "model.safetensors", made_method("dvsq"), FORMS["dvsq"][2]), feature_dim=0
    )
    refused(make_library(tmp_path / "bare", bare, codes, features), "no features are kept")


def test_a_model_that_is_gone_or_another_one_is_named_and_hamming_still_works(tmp_path):
    path, _, _, _ = made(tmp_path, "dvsq")
    model = tmp_path / "model.safetensors"
    saved(model, made_method("dvsq", seed=1), FORMS["dvsq"][2])
    refused(
        path,
        r"not on this machine.*model\.safetensors is another model of that name.*put the model file back",
    )
    model.unlink()
    refused(path, "not on this machine.*Hamming")
    with Workspace.open(path) as workspace:
        assert workspace.search(workspace.query_row(4, codes=KEY), how=EXACT).rows[0] == 4


def test_codes_and_features_of_another_length_than_the_models_are_refused(tmp_path):
    method = made_method("dvsq")
    card = saved(tmp_path / "model.safetensors", method, FORMS["dvsq"][2])
    features = features_of(5)
    codes = codes_of(method, features)
    short = make_library(tmp_path / "short", info_of(card, bits=24), codes[:, :24], features)
    refused(short, "have 24 bits, and the model .* makes codes of 32")
    narrow = make_library(tmp_path / "narrow", info_of(card, feature_dim=7), codes, features)
    refused(narrow, "has 7 numbers, and the model of “words” looks at 12")


def tampered(path, change):
    """The same file with other tensors or settings."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        said, tensors = dict(file.metadata()), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    change(said, tensors)
    path.write_bytes(compose(tensors, said))


@pytest.mark.parametrize(
    ("form", "change", "words"),
    [
        ("dvsq", lambda said, t: t.pop("books"), "damaged"),
        ("dvsq", lambda said, t: t.update(books=t["books"][:2]), "damaged"),
        ("dvsq", lambda said, t: t.update(books=t["books"][:, :200]), "damaged"),
        ("dvsq", lambda said, t: t.update(books=t["books"][:, :, :5]), "damaged"),
        ("dvsq", lambda said, t: t.update(books=t["books"] * np.nan), "damaged"),
        ("dvsq", lambda said, t: t.update({"scaling.scale": np.zeros(())}), "damaged"),
        ("dvsq", lambda said, t: said.update(bits="40"), "damaged"),
        ("dvsq", lambda said, t: said.update(settings="["), "damaged"),
        ("dvsq", lambda said, t: said.update(method="later"), "that this version knows"),
        ("dvsq", lambda said, t: said.update(query="hamming"), "not looked up"),
        ("dpq", lambda said, t: t.pop("choosing"), "damaged"),
        ("dpq", lambda said, t: t.update(offsets=t["offsets"][:1]), "damaged"),
        ("dqn", lambda said, t: t.update(books=t["books"][:, :3]), "damaged"),
        ("subic of 64", lambda said, t: said.update(settings='{"words": 1}'), "damaged"),
        ("subic of 64", lambda said, t: said.update(settings='{"words": 4096}'), "up to 256"),
    ],
)
def test_a_file_whose_words_are_damaged_is_refused(tmp_path, form, change, words):
    path = saved(tmp_path / "model.safetensors", made_method(form), FORMS[form][2]).path
    read_quantizer(path)
    tampered(path, change)
    bits = FORMS[form][1]
    info = info_of(read_card(path), bits=bits, query="quantizer")
    codes = np.ones((6, bits))
    refused(make_library(tmp_path / "library", info, codes, features_of(6)), words)
