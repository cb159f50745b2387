"""`hashviewer methods` tells what the registry holds."""

import json

from typer.testing import CliRunner

from hashviewer.cli.app import app
from hashviewer.methods import all_methods, find_method


def test_every_method_is_listed_with_what_its_class_declares():
    listed = json.loads(CliRunner().invoke(app, ["methods", "--json"]).stdout)
    assert [one["key"] for one in listed] == [info.key for info in all_methods()]
    dpsh = next(one for one in listed if one["key"] == "dpsh")
    info = find_method("dpsh")
    assert (dpsh["title"], dpsh["family"], dpsh["year"]) == ("DPSH", "pairwise", 2016)
    assert (dpsh["query"], dpsh["labels"], dpsh["survey"]) == (info.query, info.labels, True)
    assert dpsh["paper"] == info.paper
    (eta,) = dpsh["settings"]
    assert (eta["name"], eta["kind"], eta["default"], eta["low"], eta["high"]) == (
        "eta",
        "float",
        10.0,
        0,
        None,
    )
    assert dpsh["published"][0]["mAP"] == info.published[0].value


def test_without_json_it_is_a_table_with_a_line_a_method():
    lines = CliRunner().invoke(app, ["methods"]).stdout.splitlines()
    assert len(lines) == len(all_methods()) + 2
    assert any(line.startswith("csq ") for line in lines)
