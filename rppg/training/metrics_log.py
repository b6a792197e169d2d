"""What a run tells while it goes: metrics.csv, validation.csv, TensorBoard, and a bar.

    log = TrainingLog(run_dir, step=400, seconds=52.0)  # goes on after step 400
    log.add("metrics", {"step": 410, "seconds": 53.1, "loss": 0.7})
    log.close()

The CSV files are the record; tensorboard/ is drawn anew from them when a run goes on, so that
neither holds a row twice or lacks one.
"""

import csv
import io
import math
import time
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from rppg.utils.atomic import atomic_write

TABLES = ("metrics", "validation")


class TrainingLog:
    """Tables of a run.  Rows after `step` (of a run that was killed) are removed.

    seconds: how long the run took up to `step`.
    """

    def __init__(self, run_dir: Path, step: int, seconds: float):
        self._paths = {table: run_dir / f"{table}.csv" for table in TABLES}
        self._started = time.time() - seconds
        for old in (run_dir / "tensorboard").glob("events.out.tfevents.*"):
            old.unlink()
        self._board = SummaryWriter(run_dir / "tensorboard")
        self._header = {}
        for table in TABLES:
            for row in self._cut(table, step):
                self._draw(table, row)

    def add(self, table: str, row: dict[str, float]) -> None:
        """Append a row, on disk when this returns.  Raises ValueError for other names than those
        of the rows before."""
        header = self._header.get(table)
        if header is None:
            self._header[table] = list(row)
            _append(self._paths[table], list(row))
        elif header != list(row):
            text = f"the rows of {self._paths[table]} are {header}, this one is {list(row)}"
            raise ValueError(f"{text}: return the same names, in the same order, every time")
        _append(self._paths[table], [repr(value) for value in row.values()])
        self._draw(table, row)

    def close(self) -> None:
        self._board.close()

    def _cut(self, table: str, step: int) -> list[dict[str, float]]:
        """Rewrite a table without what came after `step` or is half a line; returns its rows."""
        path = self._paths[table]
        text = path.read_text() if path.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        rows = [row for row in csv.DictReader(io.StringIO(whole)) if int(row["step"]) <= step]
        if not rows:
            path.unlink(missing_ok=True)
            return []
        self._header[table] = list(rows[0])
        lines = [self._header[table], *(row.values() for row in rows)]
        atomic_write(path, lambda part: part.write_text("".join(_line(line) for line in lines)))
        return [{name: float(value) for name, value in row.items()} for row in rows]

    def _draw(self, table: str, row: dict[str, float]) -> None:
        at = {"global_step": int(row["step"]), "walltime": self._started + row["seconds"]}
        for name, value in row.items():
            if name not in ("step", "seconds"):
                self._board.add_scalar(f"{table}/{name}", value, **at)


class Bar:
    """The bar of a run: steps, loss, time left, and what is left of the budget."""

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
        """One step more.  seconds: how long the run took up to now."""
        text = f"loss={loss:.4g}"
        if self.budget_s < math.inf:
            left_s = max(0, round(self.budget_s - seconds))
            text += f", budget left {left_s // 60}:{left_s % 60:02d}"
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update()

    def close(self) -> None:
        self._bar.close()


def _append(path: Path, values: list[str]) -> None:
    with path.open("a") as file:
        file.write(_line(values))


def _line(values) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()
