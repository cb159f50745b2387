"""What the table says of methods below their published figure."""

from benchmarks import zoo_below
from benchmarks.zoo_table import write_rows


def row(published, protocol, *, bits=48, published_bits=48, **runs):
    return {
        "method": "dfh",
        "title": "DFH",
        "bits": bits,
        "published": published,
        "published_protocol": protocol,
        "published_bits": published_bits,
        "runs": {name: {"mAP": figure} for name, figure in runs.items()},
    }


def test_the_best_column_that_compares_counts():
    assert zoo_below.below(row(0.8, "I", frozen=0.6, adapted=0.75)) == 0.8 - 0.75
    assert zoo_below.below(row(0.8, "I", frozen=0.6, adapted=0.75, end_to_end=0.8)) is None
    assert zoo_below.below(row(0.8, "I", adapted=0.75, all=0.9)) == 0.8 - 0.75
    assert zoo_below.below(row(0.9, "I-all", adapted=0.95, all=0.85)) == 0.9 - 0.85


def test_what_does_not_compare_is_not_said():
    assert zoo_below.below(row(0.9, "III", adapted=0.8)) is None
    assert zoo_below.below(row(None, None, adapted=0.8)) is None
    assert zoo_below.below(row(0.9, "I", published_bits=64, adapted=0.8)) is None
    assert zoo_below.below(row(0.9, "I")) is None
    assert zoo_below.section([row(0.7, "I", adapted=0.8)]) == ""


def test_each_method_below_has_its_line_with_what_was_found(monkeypatch):
    monkeypatch.setattr(zoo_below, "REASONS", {"dfh": "because."})
    text = zoo_below.section([row(0.8, "I", adapted=0.75), row(0.7, "I", adapted=0.75)])
    assert text.endswith("- **DFH** 0.750 of 0.800 (I): because.\n")
    assert text.count("**DFH**") == 1


def test_the_page_does_not_speak_of_whole_networks_that_nobody_has_trained(tmp_path):
    one = {
        **row(0.7, "I", adapted=0.75),
        "family": "pairwise",
        "end_to_end": None,
        "frozen": None,
        "adapted": 0.75,
    }
    one |= {"published_note": "", "file": None}
    figures = {"optimistic": 0.8, "pessimistic": 0.7, "seconds": 1.0, "empty": 0.0}
    one["runs"]["adapted"] |= figures
    write_rows(tmp_path, [one], division="protocol I", size=160)
    assert "*end to end*: not run yet." in (tmp_path / "README.md").read_text("utf-8")
    one["end_to_end"] = 0.8
    write_rows(tmp_path, [one], division="protocol I", size=160)
    assert "best three networks are here" in (tmp_path / "README.md").read_text("utf-8")
