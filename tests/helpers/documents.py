"""Code blocks of a document, so that what is printed there is what is tested."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^(?:`([\w/.]+)`:\n\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


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
