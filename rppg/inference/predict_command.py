"""The command `rppg predict`: heart rates of own videos, said and written video by video.

rppg predict face.mp4 --plot face.png
rppg predict videos/ --method all --out rates.csv
rppg predict stream.h264 --fps 30              a file that holds no times of its frames
"""

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from rppg.utils.command_options import FpsOption, with_fps

if TYPE_CHECKING:
    from rppg.datasets import Recording
    from rppg.inference.videos import Answer

DEFAULT = ["POS", "CHROM", "GREEN"]
INTERRUPTED, TERMINATED = 130, 143  # exit statuses, as of a shell


def predict(
    videos: Annotated[list[str], typer.Argument(help="Video files, or folders of them.")],
    method: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            help="POS, CHROM, GREEN, ICA, PBV, LGI, OMIT, or all for these seven; a trained "
            "model: st_transformer, contrast_phys, gideon2021; consensus: of the seven and of the "
            "trained models named with it, with its confidence. May be repeated."
        ),
    ] = None,
    runs: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder of trained models, MODEL/finetune; default: runs/demo."),
    ] = None,
    plot: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="PNG to draw: face, regions, BVP, spectrum. One per video."),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Table to write: .csv, or .json with the BVPs. Grows video by video."),
    ] = None,
    fps: FpsOption = None,
) -> None:
    """Heart rate of face videos.  Default: POS, with CHROM and GREEN as second opinions.

    rppg predict face.mp4 --method POS --method st_transformer

    Videos without an estimate are listed with a reason; the command then exits with status 1.
    Notes on what was assumed or left out follow the table.
    """
    from rppg.inference.videos import expand_videos, method_names, predict_each

    if not any(videos):
        raise ValueError("the name of the video is empty: expected video files, or folders of them")
    methods = method_names(method or DEFAULT)
    report = _Report(methods, out, plot)
    found = expand_videos(videos, say=lambda text: typer.echo(text, err=True))
    report.begin(with_fps(found, fps))
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # temporary files go
    try:
        for answer in predict_each(report.recordings, methods, runs):
            report.add(answer)
    except KeyboardInterrupt:
        typer.echo(f"interrupted: {report.n_done} of {len(found)} videos are done", err=True)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, before)
        report.end()
    if report.is_incomplete:
        raise typer.Exit(1)


class _Report:
    """What is said of the videos, each as soon as it is done: rows on the terminal, the table's
    file, plots; and the notes at the end.  Raises as TableFile and check_plot, which look whether
    the outputs can be written."""

    def __init__(self, methods: list[str], out: Path | None, plot: Path | None):
        from rppg.inference.video_plots import check_plot
        from rppg.inference.video_table import TableFile

        self.methods, self.plot = methods, plot
        self.file = None if out is None else TableFile(out)
        if plot is not None:
            check_plot(plot)
        self.recordings, self.notes = [], []
        self.n_done, self.is_incomplete = 0, False

    def begin(self, recordings: "list[Recording]") -> None:
        """Set the videos that will be done, in order."""
        from rppg.inference.video_plots import plot_paths
        from rppg.inference.video_table import check_apart, header_and_widths

        self.recordings = recordings
        videos = [one.frames for one in recordings]
        if self.file is not None:
            check_apart(self.file.path, videos)
        self.header, self.widths = header_and_widths([str(v) for v in videos], self.methods)
        self.plots = None if self.plot is None else plot_paths(self.plot, videos)

    def add(self, answer: "Answer") -> None:
        """Print, write and draw the answer on the next video."""
        from rppg.inference.video_table import lines_of, notes_of

        header = [self.header] if self.n_done == 0 else []
        self._print(header + lines_of(answer.rows, self.widths))
        self.notes += notes_of(answer.rows)
        if self.file is not None:
            self.file.add(answer.rows)
        if self.plots is not None and answer.traces is not None:
            self._draw(self.plots[self.n_done], answer)
        self.is_incomplete |= any(row["reason"] for row in answer.rows)
        self.n_done += 1

    def end(self) -> None:
        """Print the notes."""
        for note in self.notes:
            typer.echo(f"note: {note}")

    def _draw(self, path: Path, answer: "Answer") -> None:
        from rppg.inference.video_plots import draw

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
