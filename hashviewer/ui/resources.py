"""Where icons and style sheets are: in the checkout, or beside the installed package."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def resource(*parts: str) -> Path:
    """The path of a file under resources/."""
    installed = PACKAGE / "_resources"
    return (installed if installed.is_dir() else PACKAGE.parent / "resources").joinpath(*parts)
