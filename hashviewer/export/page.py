"""The answer as one web page that needs nothing beside it: thumbnails, distances, labels and the provenance."""

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from hashviewer.export.escaping import markup, script_json
from hashviewer.export.originals import suffix_of
from hashviewer.export.report import ExportReport
from hashviewer.export.result_set import Hit, ResultSet
from hashviewer.progress import Progress

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --back: #f6f6f4; --card: #fff; --text: #1d1f21; --muted: #5d6166; --accent: #a84300; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --back: #17181a; --card: #232528; --text: #e8e8e6; --muted: #a3a8ad; --accent: #ff9a4d; }}
}}
body {{ margin: 0; padding: 1.5rem; background: var(--back); color: var(--text); font: 14px/1.4 system-ui, sans-serif; }}
header {{ display: flex; gap: 1rem; align-items: center; margin-bottom: 1.5rem; }}
header img {{ max-height: 160px; border: 3px solid var(--accent); border-radius: 4px; }}
h1 {{ font-size: 1.3rem; margin: 0; overflow-wrap: anywhere; }}
ol {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: .8rem; margin: 0; padding: 0; list-style: none; }}
li {{ background: var(--card); border-radius: 4px; padding: .5rem; }}
li img, li .none {{ width: 100%; height: 150px; object-fit: contain; display: block; }}
li .none {{ display: grid; place-items: center; color: var(--muted); }}
li p {{ margin: .4rem 0 0; overflow-wrap: anywhere; }}
.muted {{ color: var(--muted); }}
footer {{ margin-top: 2rem; font-size: .85rem; }}
th {{ text-align: left; vertical-align: top; padding-right: 1rem; color: var(--muted); font-weight: normal; }}
td {{ overflow-wrap: anywhere; }}
</style>
</head>
<body>
"""


def write_page(file: BinaryIO, answer: ResultSet, *, output: Path, progress: Progress) -> ExportReport:
    """Write the page, photo by photo."""
    library = answer.source.library
    missing = []
    file.write((_HEAD.format(title=markup(f"Photos like {answer.query.title}")) + _header(answer)).encode())
    for hit in answer.hits(progress, doing="Writing the page"):
        thumbnail = library.thumbnail(hit.row)
        if not thumbnail:
            missing.append(hit.path)
        file.write(_item(hit, thumbnail).encode())
    file.write(("</ol>\n" + _footer(answer)).encode())
    return ExportReport(output=output, photos=len(answer), missing=tuple(missing))


def _header(answer: ResultSet) -> str:
    search = answer.provenance.search
    assert search is not None
    limits = [
        f"the {search.k:,} nearest" if search.k else "",
        f"within {search.radius} bits" if search.radius is not None else "",
    ]
    asked = ", ".join(limit for limit in limits if limit) or "all"
    library = markup(answer.provenance.library)
    return (
        f"<header>{_image(answer.query.thumbnail, answer.query.title)}<div><h1>{markup(answer.query.title)}</h1>"
        f'<p class="muted">{len(answer):,} of {search.searched:,} photos of “{library}”: {asked}, {search.order}; '
        f"{answer.matches.bits}-bit codes{'' if search.exact else '; neighbours may be missing'}</p></div></header>\n<ol>\n"
    )


def _item(hit: Hit, thumbnail: bytes) -> str:
    label = f" · {markup(hit.label)}" if hit.label else ""
    return (
        f'<li id="row-{hit.row}">{_image(thumbnail, hit.path)}<p><b>{hit.distance}</b> '
        f'<span class="muted">rank {hit.rank:,}</span>{label}</p><p class="muted">{markup(hit.path)}</p></li>\n'
    )


def _image(thumbnail: bytes, title: str) -> str:
    if not thumbnail:
        return '<div class="none">no picture</div>'
    kind = "webp" if suffix_of(thumbnail) == ".webp" else "jpeg"
    data = base64.b64encode(thumbnail).decode()
    return f'<img loading="lazy" alt="{markup(title)}" src="data:image/{kind};base64,{data}">'


def _footer(answer: ResultSet) -> str:
    document = answer.provenance.document()
    lines = "".join(
        f"<tr><th>{markup(name)}</th><td>{markup(value)}</td></tr>\n" for name, value in _flat(document)
    )
    return (
        f"<footer>\n<table>\n{lines}</table>\n</footer>\n"
        f'<script type="application/json" id="provenance">\n{script_json(document)}\n</script>\n</body>\n</html>\n'
    )


def _flat(document: Mapping[str, object], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in document.items():
        if isinstance(value, Mapping):
            yield from _flat(value, before=f"{before}{name} · ")
        else:
            yield (before + name).replace("_", " "), "none" if value is None else str(value)
