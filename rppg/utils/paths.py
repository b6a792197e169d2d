"""Location of the project.

root = project_dir()  # the checkout that contains the working folder
"""

from pathlib import Path

PROJECT_FILES = ("notebooks/workflow/Snakefile", "rppg")


def project_dir(start: Path | str = ".") -> Path:
    """The folder that contains notebooks/ and rppg/: start or the nearest one above it.

    Raises FileNotFoundError if there is none (an installed package without its notebooks).
    """
    start = Path(start).resolve()
    for folder in (start, *start.parents):
        if all((folder / name).exists() for name in PROJECT_FILES):
            return folder
    raise FileNotFoundError(
        f"{start} is not in a checkout of rppg (a folder with {' and '.join(PROJECT_FILES)}): "
        "run this in the folder that git clone made"
    )
