"""Report of a submission: one self-contained HTML file, for desktop and phone.

Figures are embedded; there is no script, and nothing is loaded from elsewhere (the page's content
security policy forbids both).  It follows the reader's light or dark scheme.  All text is escaped.
It contains no date: the same sections give the same bytes.

    >>> import tempfile
    >>> board = pd.DataFrame({"model": ["POS"], "rmse_bpm": [6.25]})
    >>> section = Section("Leaderboard", "Lower is better.", table=board)
    >>> path = Path(tempfile.mkdtemp()) / "report.html"
    >>> html = write_report(path, "Demo", "synthetic", {"model": "POS"}, [section]).read_text()
    >>> "<h1>Demo (synthetic)</h1>" in html, "6.25" in html
    (True, True)
"""

import base64
import io
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jinja2
import pandas as pd
from matplotlib.figure import Figure

from rppg.evaluation.leaderboard import split_name
from rppg.plotting.style import titled
from rppg.utils.atomic import atomic_write

DPI = 130
PNG_MARK = b"\x89PNG\r\n\x1a\n"
NO_NUMBER = "-"

STYLE = """
:root { color-scheme: light dark; --ink: #1c2126; --dim: #5b6570; --page: #f6f7f8; --card: #fff;
  --line: #d9dee3; --accent: #0072b2; --warn: #8a3a00; --warn-page: #fdeee3; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --dim: #a3adb7; --page: #14181b; --card: #1d2226; --line: #363d44;
    --accent: #6cc0f5; --warn: #ffb585; --warn-page: #3a2416; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); overflow-wrap: break-word;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 16px; }
h2 { font-size: 1.25rem; margin: 44px 0 8px; padding-top: 12px; border-top: 1px solid var(--line); }
p { max-width: 72ch; margin: 0 0 12px; }
a { color: var(--accent); }
nav ol { margin: 20px 0 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap;
  gap: 4px 18px; }
nav a { display: inline-block; padding: 6px 0; }
.warning { background: var(--warn-page); color: var(--warn); border: 1px solid; border-radius: 8px;
  padding: 10px 14px; max-width: none; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 150px), 1fr));
  gap: 10px; margin: 0; }
dl div { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 8px 12px; min-width: 0; }
dt { color: var(--dim); font-size: .82rem; }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.box { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; margin: 14px 0; }
.box:focus-visible { outline: 2px solid var(--accent); }
.picture { background: #fff; padding: 10px; }
.picture img { display: block; height: auto; width: 100%; margin: 0 auto; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; background: var(--card); }
th, td { padding: 6px 12px; text-align: left; white-space: nowrap; }
th { color: var(--dim); font-weight: 600; border-bottom: 1px solid var(--line); }
td { border-top: 1px solid var(--line); }
tbody tr:first-child td { border-top: 0; }
td:first-child { white-space: normal; min-width: 10rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.marked td { font-weight: 700; color: var(--accent); }
.hint { display: none; color: var(--dim); font-size: .88rem; }
@media (max-width: 600px) { .hint { display: block; } main { padding: 16px 12px 48px; }
  h1 { font-size: 1.35rem; } }
"""

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<link rel="icon" href="data:,">
<title>{{ title }}</title>
<style>{{ style }}</style>
</head>
<body>
<main>
<h1>{{ title }}</h1>
{% if synthetic %}
<p class="warning"><strong>Synthetic.</strong> Every number and figure on this page comes from
rendered faces with a known pulse. None of them says how well a method does on people.</p>
{% endif %}
<dl>
{% for name, fact in facts.items() %}
<div><dt>{{ name }}</dt><dd>{{ fact }}</dd></div>
{% endfor %}
</dl>
<nav aria-label="Sections"><ol>
{% for section in sections %}
<li><a href="#section-{{ loop.index }}">{{ section.title }}</a></li>
{% endfor %}
</ol></nav>
<p class="hint">Wide figures and tables scroll sideways.</p>
{% for section in sections %}
<section id="section-{{ loop.index }}">
<h2>{{ section.title }}</h2>
{% for paragraph in section.paragraphs %}
<p>{{ paragraph }}</p>
{% endfor %}
{% for picture in section.pictures %}
<div class="box picture" role="region" aria-label="figure" tabindex="0"><img
  src="data:image/png;base64,{{ picture.data }}" alt="{{ picture.alt }}"
  width="{{ picture.width }}" height="{{ picture.height }}"
  style="max-width: {{ picture.widest }}px; min-width: {{ picture.narrowest }}px"></div>
{% endfor %}
{% if section.table %}
<div class="box" role="region" aria-label="table" tabindex="0"><table>
<thead><tr>
{% for name in section.table.names %}
<th scope="col"{% if section.table.numeric[loop.index0] %} class="number"{% endif %}>{{ name }}</th>
{% endfor %}
</tr></thead>
<tbody>
{% for row in section.table.rows %}
<tr{% if section.marked is not none and row[0] == section.marked %} class="marked"{% endif %}>
{% for cell in row %}
<td{% if section.table.numeric[loop.index0] %} class="number"{% endif %}>{{ cell }}</td>
{% endfor %}
</tr>
{% endfor %}
</tbody>
</table></div>
{% endif %}
</section>
{% endfor %}
</main>
</body>
</html>
"""


class Section(NamedTuple):
    """A section of the page: plain text (an empty line ends a paragraph), figures, a table.

    figures: pairs of a Figure, or the path of a PNG, and its alternative text.  marked: rows of the
    table with this first cell are highlighted.
    """

    title: str
    text: str
    figures: Sequence[tuple[Figure | str | Path, str]] = ()
    table: pd.DataFrame | None = None
    marked: str | None = None


def write_report(
    path: str | Path, title: str, origin: str, facts: dict, sections: Sequence[Section]
) -> Path:
    """Write the page atomically; returns its path.

    facts: short names to short values, shown at the top.  If origin is "synthetic", the page starts
    with a warning.  Wide figures and tables scroll in their own box.

    Raises ValueError for another origin than real or synthetic, no section, a figure without
    alternative text or a file that is no PNG; FileNotFoundError for a missing PNG.
    """
    split_name(title, origin)  # raises for an unknown origin
    if not sections:
        raise ValueError(f"no section to write into {path}, expected one or more")
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    html = environment.from_string(PAGE).render(
        title=titled(title, origin),
        synthetic=origin == "synthetic",
        style=STYLE,
        facts=facts,
        sections=[_shown(section) for section in sections],
    )
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return atomic_write(path, lambda part: part.write_bytes(html.encode()))


def _shown(section: Section) -> dict:
    """A section as variables of the template."""
    paragraphs = [part.strip() for part in section.text.split("\n\n") if part.strip()]
    return {
        "title": section.title,
        "paragraphs": paragraphs,
        "pictures": [_picture(figure, alt) for figure, alt in section.figures],
        "table": None if section.table is None else _cells(section.table),
        "marked": section.marked,
    }


def _picture(figure: Figure | str | Path, alt: str) -> dict:
    """Base64 data of a picture, its size in pixels, and limits of its width on screen."""
    if not alt.strip():
        raise ValueError("a figure needs an alternative text that says what it shows, found none")
    if isinstance(figure, Figure):
        stream = io.BytesIO()
        figure.savefig(stream, format="png", dpi=DPI, metadata={"Software": None})
        png = stream.getvalue()
    else:
        png = Path(figure).read_bytes()
    if not png.startswith(PNG_MARK):
        raise ValueError(f"{figure} is no PNG: it starts with {png[:8]!r}")
    width, height = struct.unpack(">II", png[16:24])  # in the header of every PNG
    shown = {"widest": round(width * 100 / DPI), "narrowest": round(width * 66 / DPI)}
    return {
        "data": base64.b64encode(png).decode(),
        "alt": alt,
        "width": width,
        "height": height,
    } | shown


def _cells(table: pd.DataFrame) -> dict:
    """Texts of a table by row: numbers with two decimals, "-" for missing values."""
    numeric = [pd.api.types.is_numeric_dtype(dtype) for dtype in table.dtypes]
    rows = [[_text(value) for value in row] for row in table.itertuples(index=False)]
    return {"names": [str(name) for name in table.columns], "numeric": numeric, "rows": rows}


def _text(value) -> str:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return NO_NUMBER
    return f"{value:.2f}" if isinstance(value, float) else str(value)
