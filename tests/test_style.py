"""The budgets that keep every file readable at one sitting."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "hashviewer"
BENCHMARKS = PACKAGE.parent / "benchmarks"
FILES = sorted([*PACKAGE.rglob("*.py"), *BENCHMARKS.rglob("*.py")])
MOST_LINES = 400
MOST_LINES_OF_THE_WINDOW = 300
MOST_LINES_OF_A_FUNCTION = 40
VAGUE_NAMES = {"utils", "helpers", "common", "misc", "util", "tools"}


def lines_of(function: ast.FunctionDef) -> int:
    """Lines of a function, its docstring apart."""
    first = function.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    described = first.end_lineno - first.lineno + 1 if is_docstring else 0
    return function.end_lineno - function.lineno + 1 - described


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE.parent)))
def test_a_file_keeps_its_budget_and_so_do_its_functions(file):
    text = file.read_text(encoding="utf-8")
    most = MOST_LINES_OF_THE_WINDOW if file.name == "main_window.py" else MOST_LINES
    assert text.count("\n") <= most
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    long = [
        f"{node.name}: {lines_of(node)} lines"
        for node in functions
        if lines_of(node) > MOST_LINES_OF_A_FUNCTION
    ]
    assert long == []


def test_no_module_has_a_name_that_says_nothing():
    assert [str(file) for file in FILES if file.stem in VAGUE_NAMES] == []


def test_every_test_file_has_a_name_of_its_own():
    # pytest imports test files by their bare names
    names = [file.stem for file in Path(__file__).parent.rglob("*.py") if file.stem != "conftest"]
    assert sorted(names) == sorted(set(names))
