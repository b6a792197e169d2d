"""Run a notebook through papermill; a parameter that it does not have is an error.

`run_notebook` executes one notebook with parameters and keeps the executed copy (papermill itself
only warns of an unknown parameter, and continues with the default).

    python -m rppg.workflow.notebook notebooks/01_preprocess.ipynb out.ipynb --parameters '{}'
"""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from rppg.utils.atomic import atomic_write
from rppg.utils.paths import project_dir
from rppg.workflow.typed_fields import notebook_fields

BAR = re.compile(r"\d%\|.*\[\d+:\d\d|\d\w* \[\d+:\d\d")  # of tqdm, with a total and without


def check_parameters(notebook: Path, parameters: dict, of: str = "") -> None:
    """Raises KeyError naming every parameter that the notebook does not have, and whose it is."""
    known = notebook_fields(notebook)
    if unknown := sorted(parameters.keys() - known.keys()):
        found = f"{Path(notebook).name} has no parameter {', '.join(unknown)}"
        found = f"{of}: {found}" if of else found
        raise KeyError(f"{found}; its parameters cell has: {', '.join(known)}")


def run_notebook(
    notebook: Path, executed: Path, parameters: dict, kernel_manager: type | None = None
) -> None:
    """Execute notebook with parameters from the project's folder; keep the copy as executed.

    kernel_manager: a class of `rppg.workflow.forked_kernel`; None starts a kernel as a command.

    What the cells print on stderr (progress bars) is shown as it comes; of a bar, the copy has the
    last line, as ordinary output.  When a cell fails, the partial copy is kept and named, and
    papermill's error is raised.
    """
    import papermill as pm

    check_parameters(notebook, parameters)
    executed = Path(executed)
    executed.parent.mkdir(parents=True, exist_ok=True)
    given = {"kernel_manager_class": kernel_manager} if kernel_manager else {}
    try:
        pm.execute_notebook(
            str(notebook),
            str(executed),
            parameters,
            cwd=str(project_dir(__file__)),
            progress_bar=False,
            stderr_file=sys.stderr,
            coalesce_streams=True,  # a progress bar leaves its last line in the copy
            extra_arguments=["--IPKernelApp.log_level=40"],  # errors of the kernel, not its advice
            **given,
        )
    except pm.PapermillExecutionError:
        print(f"\n{Path(notebook).name} failed; what it did so far: {executed}", file=sys.stderr)
        raise
    finally:
        if executed.is_file():
            _bars_to_stdout(executed)


def _bars_to_stdout(executed: Path) -> None:
    """Make progress bars of an executed copy output like any other: Jupyter paints stderr red."""
    notebook = json.loads(executed.read_text(encoding="utf-8"))
    for output in (one for cell in notebook["cells"] for one in cell.get("outputs", ())):
        text = "".join(output.get("text", ""))
        if output.get("name") == "stderr" and all(map(BAR.search, text.splitlines())):
            output["name"] = "stdout"
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    atomic_write(executed, lambda part: part.write_text(text, encoding="utf-8"))


def main(arguments: Sequence[str] | None = None, kernel_manager: type | None = None) -> None:
    """The command line of the module's docstring; arguments: its words, None for sys.argv's."""
    parser = argparse.ArgumentParser(description="Execute one notebook with parameters.")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("executed", type=Path, help="where the executed copy goes")
    parser.add_argument("--parameters", type=json.loads, default={}, help="JSON object")
    args = parser.parse_args(arguments)
    run_notebook(args.notebook, args.executed, args.parameters, kernel_manager)


if __name__ == "__main__":
    main()
