"""One page for one or many videos: the command `rppg predict --report page.html`.

    page = VideoReport(Path("page.html"), ["POS", "consensus"])  # raises if it cannot be written
    page.begin(videos)  # their paths: those of one name are told apart by their folders
    page.add(answer)  # of each video, as `predict_each` gives it
    page.write()

The page is one file, with its pictures in it, made of the parts of the submission's report; figures
are narrow enough for a phone.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import cv2
import numpy as np

from rppg.evaluation.consensus_words import floored
from rppg.inference.video_plots import without_glyph_warnings
from rppg.inference.video_table import check_output, name_of
from rppg.plotting.style import titled
from rppg.utils.text import printable

if TYPE_CHECKING:
    from rppg.inference.videos import Answer
    from rppg.plotting.report import Section

REPORT_SUFFIXES = (".html",)
FACE_PX = 340  # longer side of the face's picture
FIGURE_IN = (5.0, 4.6)
DPI = 130
NO_DEVICE = (
    "Estimates from the colours of a face, not a medical measurement. Quality (0-1) says how much "
    "one rate dominates, confidence how probable it is that the rate is within 5 bpm."
)
COLUMNS = {  # of the page: of a row; a phone shows the first ones
    "method": "method",
    "bpm": "hr_bpm",
    "confidence": "confidence",
    "quality": "quality",
    "lowest": "lowest_bpm",
    "highest": "highest_bpm",
    "reason": "reason",
}


class VideoReport:
    """Collects answers; pictures wait in a temporary folder.  Raises as `check_output` does."""

    def __init__(self, path: Path, methods: Sequence[str]):
        check_output(path, REPORT_SUFFIXES)
        self.path, self.methods = path, list(methods)
        self._folder = TemporaryDirectory(prefix="rppg-report-")
        self._sections, self._rows, self._origins = [], [], set()
        self._folder_of_all: str | None = None

    def begin(self, videos: Sequence[Path]) -> None:
        """Name videos by their paths below the folder that holds all of them."""
        if videos:
            parents = [os.path.abspath(Path(video).parent) for video in videos]
            self._folder_of_all = os.path.commonpath(parents)

    def add(self, answer: "Answer") -> None:
        """Draw the answer on the next video."""
        self._rows += answer.rows
        self._origins.add(answer.recording.origin)
        self._sections.append(self._section(answer))

    def write(self) -> None:
        """Write the page, if there was a video, and remove the pictures."""
        from rppg.plotting.report import write_report

        with self._folder:
            if self._sections:
                origin = "synthetic" if self._origins == {"synthetic"} else "real"
                sections = [*self._summary(), *self._sections]
                sections[0] = sections[0]._replace(text=f"{NO_DEVICE}\n\n{sections[0].text}")
                write_report(self.path, self._title(), origin, self._facts(), sections)

    def _title(self) -> str:
        n_videos = len({row["video"] for row in self._rows})
        if len(self._sections) == 1:
            return f"Heart rate: {self._sections[0].title}"
        of = f"{len(self._sections)} faces" if n_videos == 1 else f"{n_videos} videos"
        return f"Heart rates of {of}"

    def _facts(self) -> dict[str, str]:
        import rppg

        found = [row for row in self._rows if np.isfinite(row["hr_bpm"])]
        facts = {"methods": ", ".join(self.methods), "rppg": rppg.__version__}
        if len(self._sections) > 1:
            n_found = len({name_of(row) for row in found})
            kind = "faces" if any(row["face"] for row in self._rows) else "videos"
            return {kind: len(self._sections), "with a heart rate": n_found} | facts
        return ({"heart rate": f"{found[0]['hr_bpm']:.0f} bpm"} if found else {}) | facts

    def _summary(self) -> list["Section"]:
        """The table of all videos, if there are several."""
        from rppg.plotting.report import Section

        if len(self._sections) < 2:
            return []
        table = _table(self._rows)
        if table["method"].nunique() == 1:  # the page's top names it
            table = table.drop(columns="method")
        table.insert(0, "video", [self._name(row) for row in self._rows])
        return [Section("All", "", table=table)]

    def _section(self, answer: "Answer") -> "Section":
        from rppg.inference.video_table import notes_of
        from rppg.plotting.report import Section

        name, origin = self._name(answer.rows[0]), answer.recording.origin
        notes = [note.split(": ", 1)[1] for note in notes_of(answer.rows)]
        text = "\n\n".join(f"Note: {note}." for note in notes)
        figures = [] if answer.traces is None else self._figures(answer, name)
        return Section(titled(name, origin), text, figures, _table(answer.rows))

    def _figures(self, answer: "Answer", name: str) -> list[tuple[Path, str]]:
        """Pictures of the face with its regions, and of the first method's signal."""
        from rppg.preprocessing.mstmap import draw_regions

        traces, row = answer.traces, answer.rows[0]
        place = Path(self._folder.name) / str(len(self._sections))
        face, signal = place.with_suffix(".face.png"), place.with_suffix(".signal.png")
        picture = draw_regions(traces.preview, traces.preview_landmarks)
        scale = min(1.0, FACE_PX / max(picture.shape[:2]))
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(face), cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        _draw_signal(signal, row, traces, answer.recording.origin)
        text = f"wave, heart rate over time and spectrum of {row['method']}"
        return [(face, f"the face of {name} with the regions that are read"), (signal, text)]

    def _name(self, row: dict) -> str:
        """The video's name, with the folders that tell it from the others."""
        video = Path(row["video"])
        if self._folder_of_all is None:
            return name_of(row | {"video": video.name or row["video"]})
        return name_of(row | {"video": os.path.relpath(video, self._folder_of_all)})


def _draw_signal(path: Path, row: dict, traces, origin: str) -> None:
    import matplotlib.pyplot as plt

    from rppg.plotting.recordings import plot_recording

    signals = (traces.times_s, row["wave"], row.get("estimate"), row["method"], origin)
    more = {"size_in": FIGURE_IN, "confidence": row.get("confidence")}
    figure = plot_recording(None, *signals, row["per_second"], **more)
    try:
        with without_glyph_warnings():
            figure.savefig(path, dpi=DPI)
    finally:
        plt.close(figure)


def _table(rows: Sequence[dict]):
    """A line per row; without the columns that no row has a value for, and without lowest and
    highest where there is one rate only."""
    import pandas as pd

    table = pd.DataFrame([{name: row[key] for name, key in COLUMNS.items()} for row in rows])
    table["reason"] = [printable(reason) for reason in table["reason"]]
    table["confidence"] = table["confidence"].map(floored)  # as in the words of the note
    empty = [name for name in table if (table[name].isna() | (table[name] == "")).all()]
    ends = table[["lowest", "highest"]]
    repeated = list(ends) if ends.round(2).eq(table["bpm"].round(2), axis=0).all(axis=None) else []
    return table.drop(columns={*empty, *repeated} - {"bpm"})
