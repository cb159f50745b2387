"""What the table says of methods below their published figure."""

from benchmarks import zoo_below


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
