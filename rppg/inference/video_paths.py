"""The videos that `rppg predict` is given: files, and folders of files.

    recordings = expand_videos(["face.mp4", "videos/"], say=print)

Only the videos are looked for: their labels are not read, so a wrong label refuses no video.
"""

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from rppg.datasets import Recording
from rppg.datasets.readers.parsing import VIDEO_SUFFIXES, endings, files_below, is_video
from rppg.datasets.readers.video_folder import LABELS, WAVE_SUFFIX
from rppg.datasets.recording import SYNTHETIC_MARK, origin_of

READ_FOLDER = os.R_OK | os.X_OK
LONGEST_NAME_BYTES = 200  # of a recording


def expand_videos(
    paths: Iterable[str | Path], say: Callable[[str], None] | None = None
) -> list[Recording]:
    """Recordings of video files and of folders of videos, in the order given.

    What cannot be opened, a folder that cannot be listed and one without a video stay in the list,
    with their problem.  say: is called with a line about each folder's files that are passed over.
    """
    recordings = []
    for given in paths:
        if given == "":  # as a path it would be the working directory
            recordings.append(_recording(Path('""'), "the name is empty"))
        elif problem := _problem(path := Path(given)):
            recordings.append(_recording(path, problem))
        elif path.is_dir():
            recordings += _in_folder(path, say or (lambda text: None))
        else:
            recordings.append(_recording(path))
    return recordings


def _recording(path: Path, problem: str | None = None) -> Recording:
    """A recording for any path: letters that a recording's name must not have become "_"."""
    plain = re.sub(r"[^\w. -]", "_", path.name).lstrip(".")
    name = plain.encode()[:LONGEST_NAME_BYTES].decode(errors="ignore") or "video"
    origin = "real" if problem else origin_of(path)
    return Recording("folder", "root", name, path, origin=origin, problem=problem)


def _problem(path: Path) -> str | None:
    """Why a path can be neither read as a file nor listed as a folder; None if it can."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if not path.is_symlink():
            return f"{path}: no such file or folder"
        return f"{path}: a link to {os.readlink(path)}, which does not exist"
    except OSError as error:
        loop = error.errno == errno.ELOOP
        return f"{path}: {'a loop of links' if loop else error.strerror}"
    except ValueError:
        return f"{str(path)!r}: a name with a zero byte, which no file has"
    if stat.S_ISDIR(mode):
        return None if os.access(path, READ_FOLDER) else f"{path}: no permission to list it"
    if not stat.S_ISREG(mode):
        return f"{path}: neither a file nor a folder, expected a video"
    return None if os.access(path, os.R_OK) else f"{path}: no permission to read it"


def _in_folder(root: Path, say: Callable[[str], None]) -> list[Recording]:
    files, lost = files_below(root)
    videos = [path for path in files if is_video(path)]
    found = endings(path for path in files if not _is_known(path))
    if not videos and not lost:
        expected = f"expected files with {' '.join(VIDEO_SUFFIXES)}"
        problem = f"{root}: no video in this folder, {expected}"
        return [_recording(root, f"{problem}; found {found}" if found else problem)]
    if found:
        say(f"{root}: passed over what is no video: {found}")
    recordings = [_recording(path, _problem(path)) for path in videos]
    return recordings + [_recording(folder, f"{folder}: {why}") for folder, why in lost]


def _is_known(path: Path) -> bool:
    """Whether a file is a video, or a label that lies next to videos."""
    is_label = path.name in (LABELS, SYNTHETIC_MARK) or path.name.endswith(WAVE_SUFFIX)
    return is_label or is_video(path)
