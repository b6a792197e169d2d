"""Plots of `rppg predict`: one file per video, none of which overwrites another.

>>> videos = [Path("subject1/vid.mp4"), Path("subject2/vid.mp4"), Path("a/face.mp4")]
>>> [path.name for path in plot_paths(Path("hr.png"), videos)]
['hr-subject1__vid.png', 'hr-subject2__vid.png', 'hr-face.png']
>>> plot_paths(Path("hr.png"), videos[:1])
[PosixPath('hr.png')]
"""

import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rppg.inference.video_table import check_output, name_of
from rppg.utils.atomic import atomic_write

PLOT_SUFFIXES = (".png", ".pdf", ".svg", ".jpg")
LONGEST_LABEL_BYTES = 120


def check_plot(plot: Path) -> None:
    """Raises ValueError or OSError, as `check_output`, if plots cannot be written there."""
    check_output(plot, PLOT_SUFFIXES)


def plot_paths(plot: Path, videos: Sequence[Path]) -> list[Path]:
    """plot itself for one video; for several <plot>-<video>, with as many of the folders above a
    video as tell it from the others, and then a number."""
    if len(videos) == 1:
        return [plot]
    stems = Counter((video.parent, video.stem) for video in videos)
    names = [v.name if stems[v.parent, v.stem] > 1 else v.stem for v in videos]
    parts = [
        (*video.absolute().parent.parts[1:], name)
        for video, name in zip(videos, names, strict=True)
    ]
    depth, labels = 1, [_label(one[-1:]) for one in parts]
    while depth < max(map(len, parts)) and _twice(labels):
        depth, twice = depth + 1, _twice(labels)
        pairs = zip(labels, parts, strict=True)
        labels = [_label(one[-depth:]) if label in twice else label for label, one in pairs]
    return [plot.with_name(f"{plot.stem}-{label}{plot.suffix}") for label in _numbered(labels)]


def figure_of(row: dict, traces, origin: str):
    """The figure of one row of a video: face with regions, BVP, rate over time, spectrum."""
    from rppg.plotting.recordings import plot_recording
    from rppg.preprocessing.mstmap import draw_regions

    face = draw_regions(traces.preview, traces.preview_landmarks)
    title = f"{name_of(row | {'video': Path(row['video']).name})}: {row['method']}"
    signals = (traces.times_s, row["wave"], row.get("estimate"))
    more = {"seconds": row.get("per_second"), "confidence": row.get("confidence")}
    return plot_recording(face, *signals, title=title, origin=origin, **more)


def draw(path: Path, row: dict, traces, origin: str) -> None:
    """Write the plot of one row of a video, as `figure_of` draws it."""
    import matplotlib.pyplot as plt

    figure = figure_of(row, traces, origin)
    kind = path.suffix[1:].lower()
    try:
        with without_glyph_warnings():
            atomic_write(path, lambda part: figure.savefig(part, dpi=130, format=kind))
    finally:
        plt.close(figure)


@contextmanager
def without_glyph_warnings() -> Iterator[None]:
    """Inside, a letter of a name that the font does not have is drawn as a box, unsaid."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")
        yield


def _label(parts: Sequence[str]) -> str:
    text = re.sub(r"[^\w. -]", "_", "__".join(parts))
    return text.encode()[-LONGEST_LABEL_BYTES:].decode(errors="ignore")


def _twice(labels: Sequence[str]) -> set[str]:
    """Labels that occur more than once, also on disks that take upper and lower case for one."""
    count = Counter(label.casefold() for label in labels)
    return {label for label in labels if count[label.casefold()] > 1}


def _numbered(labels: Sequence[str]) -> list[str]:
    seen, numbered = set(), []
    for label in labels:
        unique, k = label, 1
        while unique.casefold() in seen:
            k += 1
            unique = f"{label}-{k}"
        seen.add(unique.casefold())
        numbered.append(unique)
    return numbered
