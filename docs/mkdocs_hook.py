"""What `make docs` does to the Markdown of this project before MkDocs sees it.

The pages are written to be read where the code is hosted.  For the site, this hook

- adds pages from outside docs/ (SITE_PAGES): the README becomes the home page;
- rewrites links between them; a linked file that is no page (LICENSE) is copied to files/;
- turns `<!-- api: rppg.signals.heart_rate.heart_rate -->` into that object's documentation, and
  `<!-- api: rppg.api.answers.heart_rate as rppg.heart_rate -->` into it under the name to use.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
SITE_PAGES = {  # path in the project -> page of the site
    "README.md": "index.md",
    "docs/index.md": "contents.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "submissions/README.md": "log.md",
    "tests/README.md": "tests.md",
}
SOURCES = {page: source for source, page in SITE_PAGES.items()}
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]+)?\)")
API = re.compile(r"^<!-- api: ([\w.]+)(?: as ([\w.]+))? -->$", re.MULTILINE)


def on_files(files, config):
    """Put the pages of SITE_PAGES in their places, and the files that they link to in files/."""
    files.remove(files.get_file_from_path("index.md"))
    for source, page in SITE_PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    for target in sorted(_linked_files(files)):
        place = _place_of_file(target)
        files.append(File.generated(config, place, abs_src_path=str(ROOT / target)))
    return files


def on_page_markdown(markdown, page, **_):
    """The page's Markdown with the site's links and with its API objects."""
    source, here = _source_of(page.file.src_uri), posixpath.dirname(page.file.src_uri)

    def site_link(match):
        target = _target(source, match[1])
        if target is None:
            return match[0]
        return f"]({posixpath.relpath(_place_of(target), here or '.')}{match[2] or ''})"

    return API.sub(_documentation, LINK.sub(site_link, markdown))


def _documentation(match) -> str:
    """What mkdocstrings replaces by the documentation of an object."""
    name, shown = match.groups()
    return f"::: {name}" + (f"\n    options:\n      heading: {shown}" if shown else "")


def _source_of(page: str) -> str:
    return SOURCES.get(page, f"docs/{page}")


def _target(source: str, link: str) -> str | None:
    """Path in the project of a link in `source`, None for an address.  PluginError if missing."""
    if "://" in link or link.startswith("mailto:"):
        return None
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    if not (ROOT / target).is_file():
        raise PluginError(f"{source}: {link} is no file of the project")
    return target


def _place_of(target: str) -> str:
    """Where a file of the project is in the site."""
    if target in SITE_PAGES:
        return SITE_PAGES[target]
    return target.removeprefix("docs/") if target.startswith("docs/") else _place_of_file(target)


def _place_of_file(target: str) -> str:
    """As .txt, so that a browser shows it."""
    return f"files/{target}.txt"


def _linked_files(files) -> set[str]:
    """Files outside docs/ that pages link to and that are no pages."""
    found = set()
    for file in files.documentation_pages():
        source = _source_of(file.src_uri)
        links = (_target(source, match[1]) for match in LINK.finditer(file.content_string))
        found |= {link for link in links if link and not link.startswith("docs/")}
    return found - SITE_PAGES.keys()
