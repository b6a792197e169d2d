"""What a run logs: metrics.csv, validation.csv, TensorBoard, and a progress bar.

    log = TrainingLog(run_dir, step=400)  # resumes after step 400
    log.add("metrics", {"step": 410, "seconds": 53.1, "loss": 0.7})
    log.close()

The CSV files are the record, and tensorboard/ is drawn again from them when a run resumes, so that
neither has a row twice or misses one.  TensorBoard is written by Fabric's logger; the CSV files are
not, because Fabric's CSVLogger sorts the columns, keeps rows in memory, and cannot cut the rows
that a killed run wrote after its last checkpoint.  A tracker (rppg.training.tracker) is drawn in
the same way: a run that resumes is a new one there, with all rows.
"""

import csv
import io
import math
from pathlib import Path

from lightning_fabric.loggers import TensorBoardLogger
from tqdm import tqdm

from rppg.training.tracker import Tracker
from rppg.utils.atomic import atomic_write

TABLES = ("metrics", "validation")


class TrainingLog:
    """Tables of a run.  Rows after `step`, of a run that was killed, are removed."""

    def __init__(self, run_dir: Path, step: int, tracker: Tracker | None = None):
        self._paths = {table: run_dir / f"{table}.csv" for table in TABLES}
        for old in (run_dir / "tensorboard").glob("events.out.tfevents.*"):
            old.unlink()
        self._boards = [TensorBoardLogger(run_dir, name="", version="tensorboard")]
        self._boards += [tracker] if tracker else []
        self._header = {}
        rows = [(row["step"], table, row) for table in TABLES for row in self._cut(table, step)]
        for _, table, row in sorted(rows, key=lambda one: one[0]):  # no step after a later one
            self._draw(table, row)

    def add(self, table: str, row: dict[str, float]) -> None:
        """Append a row, which is on disk when this returns.  Raises ValueError if its names differ
        from those of earlier rows."""
        header = self._header.get(table)
        if header is None:
            self._header[table] = list(row)
            _append(self._paths[table], list(row))
        elif header != list(row):
            text = f"{self._paths[table]} has the columns {header}, this row has {list(row)}"
            raise ValueError(f"{text}: return the same names, in the same order, every time")
        _append(self._paths[table], [repr(value) for value in row.values()])
        self._draw(table, row)

    def close(self, success: bool = True) -> None:
        for board in self._boards:
            board.finalize("success" if success else "failed")

    def _cut(self, table: str, step: int) -> list[dict[str, float]]:
        """Rewrite a table without rows after `step` and without half a line; returns its rows."""
        path = self._paths[table]
        rows = [row for row in _rows(path) if int(row["step"]) <= step]
        if not rows:
            path.unlink(missing_ok=True)
            return []
        self._header[table] = list(rows[0])
        lines = [self._header[table], *(row.values() for row in rows)]
        atomic_write(path, lambda part: part.write_text("".join(_line(line) for line in lines)))
        return [{name: float(value) for name, value in row.items()} for row in rows]

    def _draw(self, table: str, row: dict[str, float]) -> None:
        curves = {f"{table}/{k}": v for k, v in row.items() if k not in ("step", "seconds")}
        for board in self._boards:
            board.log_metrics(curves, int(row["step"]))


class Bar:
    """Progress bar of a run: steps, loss, time left, and what is left of the budget."""

    def __init__(self, step: int, n_steps: int, budget_s: float, show: bool):
        self.budget_s = budget_s
        self._bar = tqdm(
            total=n_steps,
            initial=step,
            desc="fit",
            unit="step",
            mininterval=1.0,  # an executed notebook keeps every line
            disable=not show,
        )

    def advance(self, loss: float, seconds: float) -> None:
        """Count one step.  seconds: duration of the run so far."""
        text = f"loss={loss:.4g}"
        if self.budget_s < math.inf:
            left_s = max(0, round(self.budget_s - seconds))
            text += f", budget left {left_s // 60}:{left_s % 60:02d}"
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update()

    def close(self) -> None:
        self._bar.close()


def _rows(path: Path) -> list[dict[str, str]]:
    """The complete rows of a table, each value a number as text; none if there is no file.  Raises
    ValueError, with the line, for anything else."""
    if not path.exists():
        return []
    try:
        if not path.is_file():  # a pipe would be waited for
            raise ValueError("no file")
        text = path.read_text(encoding="utf-8")
        header, *lines = list(csv.reader(io.StringIO(text[: text.rfind("\n") + 1]))) or [[]]
        for number, line in enumerate(lines, start=2):
            if "step" not in header or len(line) != len(header) or len(set(header)) < len(header):
                raise ValueError(f"line {number} has not the columns of the first one")
            int(line[header.index("step")])
            list(map(float, line))
    except (ValueError, csv.Error) as error:
        advice = "restore it, or remove the run's folder to train it again"
        found = " ".join(str(error).split())
        raise ValueError(f"{path} is no table of a run: found {found}; {advice}") from error
    return [dict(zip(header, line, strict=True)) for line in lines]


def _append(path: Path, values: list[str]) -> None:
    with path.open("a") as file:
        file.write(_line(values))


def _line(values) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()
