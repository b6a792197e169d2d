"""Code blocks of a document, so that what is printed there is what is tested.

files_in("training.md")                the files that docs/training.md prints
commands_in(ROOT / "README.md", "rppg")  the words after `rppg` of each command
"""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
PAGES += sorted(DOCS.glob("*.md"))
BLOCK = re.compile(r"^(?:`([\w/.]+)`:\n\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")


def files_in(name: str) -> dict[str, str]:
    """Path -> text of the files that docs/<name> prints: blocks below a line of just `path`:."""
    found = BLOCK.findall((DOCS / name).read_text())
    return {path: text for path, _, text in found if path}


def python_in(name: str) -> list[str]:
    """The Python blocks of docs/<name> that are no file."""
    found = BLOCK.findall((DOCS / name).read_text())
    return [text for path, language, text in found if language == "python" and not path]


def write_files(files: dict[str, str], root: Path) -> None:
    """Write the files below root; none of them may be there."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        with (root / path).open("x") as file:
            file.write(text)


def commands_in(page: Path, program: str, whole: bool = False) -> list[list[str]]:
    """The words after `program` of each command in a page's blocks and, unless whole, in its
    sentences, where arguments may be missing.  A command without a word after it is left out."""
    text = page.read_text()
    found = [body for language, body in FENCE.findall(text) if not language]
    if not whole:
        found += INLINE.findall(FENCE.sub("", text))
    lines = [line for body in found for line in _lines(body)]
    commands = [line for line in lines if Path(line[0]).name == program]
    return [line[1:] for line in commands if line[1:] and not line[1].startswith("-")]


def scripts_in(page: Path) -> list[list[str]]:
    """The words of a sentence's commands that name a script alone: `benchmarks/store.py --out`."""
    found = INLINE.findall(FENCE.sub("", page.read_text()))
    lines = [line for body in found for line in _lines(body)]
    return [line for line in lines if re.fullmatch(r"benchmarks/\w+\.py", line[0])]


def _lines(body: str) -> list[list[str]]:
    """The words of each command of a shell, without comments and `do`.  What is no command, such
    as a line of output, has other first words."""
    joined = re.sub(r"\s*\\\n\s*", " ", body)
    joined = re.sub(r"([^\n]) *\n(?=in \d)", r"\1 ", joined)  # `for` over two lines of a sentence
    lines = []
    for line in re.split(r"\n|;|&&", joined):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:  # an apostrophe: a sentence
            continue
        words = words[1:] if words[:1] == ["do"] else words
        lines += [words] if words else []
    return lines


def profiles_in(page: Path) -> set[str]:
    """Names of the profiles that a page tells to write or to copy."""
    text = page.read_text()
    return set(re.findall(r"`notebooks/profiles/(\w+)\.yaml`", text)) | set(
        re.findall(r"Copy `[^`]+` to `(\w+)\.yaml`", text)
    )


def links_in(page: Path) -> list[tuple[str, str]]:
    """(path, anchor) of a page's links and pictures inside the project, as they are written."""
    text = INLINE.sub("", FENCE.sub("", page.read_text()))
    return [(path, anchor) for path, anchor in LINK.findall(text) if "://" not in path]


def anchors_of(page: Path) -> set[str]:
    """Anchors that a hosting site gives a page's headings."""
    headings = re.findall(r"^#+ +(.+)$", FENCE.sub("", page.read_text()), flags=re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.strip().replace(" ", "-") for heading in plain}
