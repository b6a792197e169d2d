"""Where the project lies.

root = project_dir()  # of the checkout that holds the working folder
"""

from pathlib import Path

PROJECT_FILES = ("notebooks/workflow/Snakefile", "rppg")


def project_dir(start: Path | str = ".") -> Path:
    """The folder that holds notebooks/ and rppg/: start itself or the nearest one above it.

    Raises FileNotFoundError where there is none (an installed package without its notebooks).
    """
    start = Path(start).resolve()
    for folder in (start, *start.parents):
        if all((folder / name).exists() for name in PROJECT_FILES):
            return folder
    raise FileNotFoundError(
        f"{start} lies in no checkout of rppg (a folder with {' and '.join(PROJECT_FILES)}): "
        "run this from the folder that git clone made"
    )
