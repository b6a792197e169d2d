"""The command `rppg predict`: heart rates of own videos, said and written video by video.

rppg predict face.mp4 --plot face.png
rppg predict videos/ --method consensus --method all --out rates.csv
rppg predict videos/ --report rates.html
rppg predict stream.h264 --fps 30              a file that holds no times of its frames
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from rppg.utils.command_options import FpsOption, ended_by_signals, until_unread, with_fps

if TYPE_CHECKING:
    from rppg.datasets import Recording
    from rppg.inference.videos import Answer

DEFAULT = ["consensus"]


def predict(
    videos: Annotated[list[str], typer.Argument(help="Video files, or folders of them.")],
    method: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            help="consensus (default): weighs all methods, with its confidence; POS, CHROM, GREEN, "
            "ICA, PBV, LGI, OMIT, MR-PBV, or all for these; a trained model: st_transformer, "
            "contrast_phys, gideon2021. May be repeated."
        ),
    ] = None,
    runs: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder of trained models, as runs/demo; default: those in the package."),
    ] = None,
    plot: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="PNG to draw: face, regions, BVP, spectrum. One per video."),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            help="Table to write: .csv, or .json with the BVPs and the rate over time. Grows video "
            "by video."
        ),
    ] = None,
    report: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Page to write, .html: all videos, with pictures, in one file."),
    ] = None,
    per_second: Annotated[
        bool, typer.Option("--per-second", help="With --out FILE.csv: a row per second.")
    ] = False,
    face: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Of several: largest, left, right, all, or 1, 2, ... from the left."),
    ] = None,
    fps: FpsOption = None,
) -> None:
    """Heart rate of face videos, in the words of the consensus, with its confidence.

    rppg predict face.mp4 --method POS --method st_transformer

    The consensus weighs eight classical methods and the trained models that are in the package;
    trained models named with it take the place of all three, and what adds nothing is not run.  POS
    alone is twice as fast.

    Videos without an estimate are listed with a reason; the command then exits with status 1.
    Notes on what was assumed or left out follow the table.
    """
    from rppg.inference.videos import expand_videos, method_names, predict_each

    if not any(videos):
        raise ValueError("the name of the video is empty: expected video files, or folders of them")
    methods = method_names(method or DEFAULT)
    if per_second and out is None:
        raise ValueError("--per-second is about the table: name it with --out rates.csv")
    if face is not None:
        from rppg.preprocessing.several_faces import check_face

        check_face(face)
    said = _Report(methods, out, plot, per_second, report)
    found = expand_videos(videos, say=lambda text: typer.echo(text, err=True))
    said.begin(with_fps(found, fps), face)
    with until_unread(), said, ended_by_signals(said.how_far):
        for answer in predict_each(said.recordings, methods, runs, face):
            said.add(answer)
    if said.is_incomplete:
        raise typer.Exit(1)


class _Report:
    """What is said of the videos, each as soon as it is done: rows on the terminal, the table's
    file, plots; and, at the end of its block, the notes.  Raises as TableFile and check_plot, which
    look whether the outputs can be written."""

    def __init__(
        self,
        methods: list[str],
        out: Path | None,
        plot: Path | None,
        per_second: bool,
        page: Path | None,
    ):
        from rppg.inference.video_plots import check_plot
        from rppg.inference.video_table import TableFile

        self.methods, self.plot = methods, plot
        self.file = None if out is None else TableFile(out, per_second)
        if plot is not None:
            check_plot(plot)
        self.page = None
        if page is not None:
            from rppg.inference.video_report import VideoReport

            self.page = VideoReport(page, methods)
        self.recordings, self.notes = [], []
        self.n_done, self.last, self.is_incomplete = 0, None, False

    def begin(self, recordings: "list[Recording]", face: str | None = None) -> None:
        """Set the videos that will be done, in order, and which face of each."""
        from rppg.inference.video_plots import plot_paths
        from rppg.inference.video_table import check_apart, header_and_widths, name_of

        self.recordings = recordings
        videos = [one.frames for one in recordings]
        self.plots = None if self.plot is None else plot_paths(self.plot, videos)
        written = [one.path for one in (self.file, self.page) if one is not None]
        for path in [*written, *(self.plots or ())]:
            check_apart(path, videos)
        names = [name_of({"video": str(video), "face": face}) for video in videos]
        self.header, self.widths = header_and_widths(names, self.methods)
        if self.page is not None:
            self.page.begin(videos)

    def add(self, answer: "Answer") -> None:
        """Print, write and draw the answer on the next video."""
        from rppg.inference.video_table import lines_of, notes_of

        header = [self.header] if self.last is None else []
        self.n_done += self.last is not answer.recording
        self.last = answer.recording
        self._print(header + lines_of(answer.rows, self.widths))
        self.notes += notes_of(answer.rows)
        if self.file is not None:
            self.file.add(answer.rows)
        if self.plots is not None and answer.traces is not None:
            self._draw(self.plots[self.n_done - 1], answer)
        if self.page is not None:
            self.page.add(answer)
        self.is_incomplete |= any(row["reason"] for row in answer.rows)

    def how_far(self) -> str:
        """How many videos are done, in words."""
        return f"{self.n_done} of {len(self.recordings)} videos are done"

    def __enter__(self) -> "_Report":
        return self

    def __exit__(self, *exception) -> None:
        """Write the page, and print the notes."""
        if self.page is not None:
            self.page.write()
        for note in self.notes:
            typer.echo(f"note: {note}")

    def _draw(self, path: Path, answer: "Answer") -> None:
        from rppg.inference.video_plots import draw

        path = path.with_stem(f"{path.stem}-face-{answer.face}") if answer.face else path
        try:
            draw(path, answer.rows[0], answer.traces, answer.recording.origin)
        except Exception as error:  # the rates do not depend on it, and other plots may succeed
            typer.echo(f"{path}: no plot ({type(error).__name__}: {error})", err=True)
            self.is_incomplete = True

    def _print(self, lines: list[str]) -> None:
        from tqdm import tqdm

        for line in lines:
            tqdm.write(line)  # above the progress bar
        sys.stdout.flush()
