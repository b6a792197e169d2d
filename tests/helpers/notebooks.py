"""The notebooks, their cells and what executed copies print."""

from pathlib import Path

import nbformat

STUDIES = Path(__file__).parents[2] / "notebooks" / "studies"


NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PATHS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
ALL = [*PATHS, *sorted(NOTEBOOKS.glob("studies/*/*.ipynb"))]


def code_cells(path: Path) -> list:
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def printed(executed):
    """Text of all outputs, and how many figures."""
    outputs = [output for cell in code_cells(executed) for output in cell.outputs]
    data = [output.get("data", {}) for output in outputs]
    texts = [output.get("text", "") for output in outputs] + [d.get("text/plain", "") for d in data]
    return "\n".join(texts), sum("image/png" in d for d in data)
