"""An export says how it was searched and of what the query was composed."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from made_library import BITS, KEY, make_library

from hashviewer import codes as packed
from hashviewer.export import export
from hashviewer.search import SearchHow
from hashviewer.workspace import Workspace, composed, with_flipped


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    with Workspace.open(make_library(tmp_path_factory.mktemp("provenance")).path) as opened:
        yield opened


def exported(workspace, query, tmp_path, *, format="json", **options):
    """The matches and the document of an export."""
    matches = workspace.search(query, k=10, **options)
    output = tmp_path / f"answer.{format}"
    export(workspace, query, matches, format=format, output=output, k=10, radius=None)
    return matches, output


def origin_of(output):
    return json.loads(output.read_text())["provenance"]


def test_the_usual_search_is_exact_by_hamming_distance(workspace, tmp_path):
    _, output = exported(workspace, workspace.query_row(5, codes=KEY), tmp_path)
    origin = origin_of(output)
    assert origin["search"] == {"mode": "rank"}
    assert origin["exact"] is True
    assert "Hamming" in origin["order"]
    assert {"others", "unwanted", "flipped"}.isdisjoint(origin["query"])


def test_a_lookup_says_how_far_it_looked_and_that_it_may_miss(workspace, tmp_path):
    query = workspace.query_row(5, codes=KEY)
    _, output = exported(workspace, query, tmp_path, how=SearchHow("lookup", probe=1))
    origin = origin_of(output)
    assert origin["search"] == {"mode": "lookup", "probe": 1, "order": "distance"}
    assert origin["exact"] is False
    _, page = exported(workspace, query, tmp_path, format="html", how=SearchHow("lookup", probe=1))
    assert "neighbours may be missing" in page.read_text()


def test_weights_are_kept_to_search_again(workspace, tmp_path):
    weights = tuple(np.linspace(0, 2, BITS).tolist())
    query = workspace.query_row(5, codes=KEY)
    _, output = exported(workspace, query, tmp_path, how=SearchHow(distance="weighted", weights=weights))
    origin = origin_of(output)
    assert origin["search"]["weights"] == list(weights)
    assert "weighted" in origin["order"]
    _, page = exported(
        workspace, query, tmp_path, format="html", how=SearchHow(distance="weighted", weights=weights)
    )
    assert "by weighted Hamming distance" in page.read_text()


def test_a_composed_query_names_every_code_and_bits_differ_from_the_nearest(workspace, tmp_path):
    first, second, unwanted = (workspace.query_row(row, codes=KEY) for row in (5, 6, 20))
    first = with_flipped(first, [3], bits=BITS)
    query = composed([first, second], [unwanted])
    matches, output = exported(workspace, query, tmp_path)
    asked = origin_of(output)["query"]
    assert asked["code"] == packed.to_hex(first.code)
    assert asked["flipped"] == [3]
    assert asked["others"] == [packed.to_hex(second.code)]
    assert asked["unwanted"] == [packed.to_hex(unwanted.code)]
    _, table = exported(workspace, query, tmp_path, format="csv")
    for line, distance in zip(
        csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig"))), matches.distances, strict=True
    ):
        assert len(line["differing_bits"].split()) == int(line["distance"]) == distance


def test_the_mean_is_named_where_it_decides(workspace, tmp_path):
    query = composed([workspace.query_row(row, codes=KEY) for row in (5, 6)])
    _, output = exported(workspace, replace(query, by_mean=True), tmp_path)
    assert "mean" in origin_of(output)["order"]
