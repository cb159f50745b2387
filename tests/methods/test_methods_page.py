"""docs/methods.md tells of every method what the registry tells, and names files that exist."""

import re
from pathlib import Path

import pytest

from hashviewer.evaluation.protocols import ProtocolName
from hashviewer.methods import Blocks, all_methods

PAGE = Path(__file__).resolve().parents[2] / "docs" / "methods.md"
TEXT = PAGE.read_text(encoding="utf-8")
ENTRY = re.compile(
    r"- \*\*(?P<title>[^*]+)\*\* `(?P<key>[^`]+)` \(\[(?P<name>\w+\.py)\]\((?P<link>[^)]+)\), (?P<year>\d{4}), "
    r"query: (?P<query>\w+)\)\. (?P<rest>.*?)(?=\n- \*\*|\n\n|\n#)",
    re.DOTALL,
)
ENTRIES = {match["key"]: match for match in ENTRY.finditer(TEXT)}
HEADINGS = {
    "pairwise": "Pairwise",
    "multiwise": "Multiwise",
    "implicit": "Implicit",
    "classification": "Classification",
    "quantization": "Quantization",
    "ensemble": "Ensemble",
    "trick": "Around the sign",
    "unsupervised": "Unsupervised",
}


@pytest.mark.parametrize("info", all_methods(), ids=lambda info: info.key)
def test_a_method_is_on_the_page_under_its_family_with_its_file_query_paper_and_reading(info):
    entry = ENTRIES[info.key]
    assert (entry["title"], int(entry["year"]), entry["query"]) == (info.title, info.year, info.query)
    assert info.method.__module__ == f"hashviewer.methods.{entry['name'].removesuffix('.py')}"
    heading = TEXT[: entry.start()].rsplit("\n## ", 1)[1].split("\n", 1)[0]
    assert heading.startswith(HEADINGS[info.family])
    assert "Paper: " in entry["rest"]
    if info.confidence == "reading":
        assert "Our reading: " in re.sub(r"\s+", " ", entry["rest"])


def test_the_page_has_no_other_methods():
    assert set(ENTRIES) == {info.key for info in all_methods()}
    assert TEXT.count("\n- **") > len(ENTRIES)  # the terms


def test_every_file_that_the_page_links_to_exists():
    links = re.findall(r"\]\((\.\./[^)]+)\)", TEXT)
    assert len(links) > len(ENTRIES)
    for link in links:
        assert (PAGE.parent / link).is_file(), link


@pytest.mark.parametrize(
    "word", ["code", "radius", "bucket", "relevant", "mAP", "tie band", "tie-aware", "P@H≤r", "empty lookup"]
)
def test_a_term_is_explained(word):
    terms = TEXT.split("## Terms")[1].split("\n## ")[0]
    assert re.search(rf"\*\*{re.escape(word)}\*\*", terms, re.IGNORECASE)


def test_every_protocol_and_every_building_block_is_named():
    from typing import get_args

    for name in get_args(ProtocolName):
        assert f"**{name}**" in TEXT
    for block in Blocks.__dataclass_fields__:
        assert f"`{block}" in TEXT or block in {"penalty_weight", "label_weight"}
