"""Executed notebooks as HTML pages of at most 1 MB, with all that they show and nothing to load.

    python docs/notebook_pages.py submissions/demo/notebooks docs/notebooks

`make pages` does this for the demo; docs/notebooks.md lists the pages, in the order of the links.
Figures become WebP, of as high a quality as the limit allows; the project's folder is taken out of
paths.  Pages of notebooks that are not in the folder any more are removed.  Raises
FileNotFoundError for a folder without notebooks, ValueError for a page that stays too large.
"""

import argparse
import base64
import html
import io
import re
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from PIL import Image
from pygments.formatters import HtmlFormatter

LIST = Path(__file__).with_name("notebooks.md")
MOST_BYTES = 1_000_000
QUALITIES = (85, 70, 55, 40, 25)  # of WebP, the first that fits
PNG = "image/png"
STYLE = """
:root { color-scheme: light; }
body { max-width: 1150px; margin: 0 auto; padding: 1rem; font: 16px/1.5 system-ui, sans-serif;
  color: #222; background: #fff; }
nav { border-bottom: 1px solid #ddd; padding-bottom: .5rem; font-size: .9rem; }
nav > * { margin-right: .9rem; } a { color: #b3261e; }
.anchor-link, .prompt { display: none; }
code { background: #f4f4f4; } .highlight { background: #f7f7f7; border-left: 3px solid #ddd;
  padding: .1rem .8rem; overflow-x: auto; } .highlight code { background: none; }
pre { font: 13px/1.45 ui-monospace, Menlo, Consolas, monospace; margin: .5rem 0; }
.text_cell { overflow-wrap: anywhere; }
.output_subarea { overflow-x: auto; } img { max-width: 100%; height: auto; }
table { border-collapse: collapse; border: none; font-size: 13px; margin: .5rem 0; }
td, th { text-align: right; padding: .15rem .6rem; border: none; border-bottom: 1px solid #e6e6e6;
  white-space: nowrap; }
.output_stderr { background: #fdf0ef; }
"""


def page(notebook: nbformat.NotebookNode, title: str, nav: str, quality: int) -> str:
    """One page: `nav`, then the cells; figures as WebP of this quality."""
    body, _ = HTMLExporter(template_name="basic").from_notebook_node(_lighter(notebook, quality))
    body = body.replace(f"data:{PNG};base64,", "data:image/webp;base64,")
    style = STYLE + HtmlFormatter(style="default").get_style_defs(".highlight")
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<nav>{nav}</nav>\n{body}\n</body>\n</html>\n"
    )


def write_page(path: Path, out: Path, names: list[str]) -> Path:
    """Write the page of one executed notebook into `out`; returns its path.

    names: of all pages, to link them.  Raises ValueError if it is too large at every quality.
    """
    root = path.resolve().parents[3]  # <root>/submissions/<profile>/notebooks/<name>.ipynb
    text = path.read_text(encoding="utf-8").replace(f"{root}/", "")
    notebook = nbformat.reads(text, as_version=4)
    for quality in QUALITIES:
        written = page(notebook, path.stem, _nav(path.stem, names), quality)
        if len(written.encode()) <= MOST_BYTES:
            break
    else:
        size = len(written.encode()) / 1e6
        raise ValueError(f"{path}: its page has {size:.1f} MB, expected 1 MB: draw fewer figures")
    place = out / f"{path.stem}.html"
    place.write_text(written, encoding="utf-8")
    return place


def _nav(own: str, names: list[str]) -> str:
    links = ['<a href="../notebooks.html">All notebooks</a>']
    links += [
        f"<b>{own}</b>" if name == own else f'<a href="{name}.html">{name}</a>' for name in names
    ]
    return "\n".join(links)


def _place(path: Path) -> tuple[int, str]:
    """Place of a notebook in the links: that of its row in docs/notebooks.md, if it has one."""
    listed = re.findall(r"\]\(notebooks/(\w+)\.html\)", LIST.read_text(encoding="utf-8"))
    return listed.index(path.stem) if path.stem in listed else len(listed), path.stem


def _lighter(notebook: nbformat.NotebookNode, quality: int) -> nbformat.NotebookNode:
    """A copy whose figures are WebP, under the name of PNG, which nbconvert knows."""
    notebook = nbformat.from_dict(notebook)
    for output in (one for cell in notebook.cells for one in cell.get("outputs", ())):
        if PNG in (data := output.get("data", {})):
            output.data = nbformat.from_dict({PNG: _webp(data[PNG], quality)})
    return notebook


def _webp(png: str, quality: int) -> str:
    """A figure as base64, in WebP."""
    file = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(png))) as image:
        image.convert("RGB").save(file, "WEBP", quality=quality, method=6)
    return base64.b64encode(file.getvalue()).decode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", type=Path, help="folder of executed notebooks")
    parser.add_argument("out", type=Path, help="folder of the pages")
    args = parser.parse_args()
    paths = sorted(args.notebooks.glob("*.ipynb"), key=_place)
    if not paths:
        raise FileNotFoundError(f"no executed notebook in {args.notebooks}: run the demo first")
    args.out.mkdir(parents=True, exist_ok=True)
    names = [path.stem for path in paths]
    written = [write_page(path, args.out, names) for path in paths]
    for old in set(args.out.glob("*.html")) - set(written):
        old.unlink()
    for place in written:
        print(f"{place}: {place.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
