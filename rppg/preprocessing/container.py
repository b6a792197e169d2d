"""Open video files safely: real containers only, the stream that holds the film, errors with paths.

    >>> with open_video("face.mp4") as film:  # doctest: +SKIP
    ...     film.stream.codec_context.name, film.has_clock
    ('h264', True)

Playlists, image patterns, devices and raw pixels are refused, since FFmpeg would open other files
or guess.  Raw streams (.h264, .mjpeg) and AVI files without a rate are opened, but hold no clock.
"""

import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av

from rppg.preprocessing.video_writer import VideoError

FORMATS = (
    "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,nut,mxf,ivf,dv,rm,wtv,gif,yuv4mpegpipe,"
    "h264,hevc,mjpeg,m4v,mpegvideo,vc1,h263,obu,wav,mp3,flac,aac"
)  # names of FFmpeg's demuxers that read the file itself only; sound, to say that it is sound
RATES = (0.1, 1000.0)  # frames per second that a header may state
MOST_PIXELS = 2**26  # of a frame: 8192 x 8192
READ_TO_FIRST_END = {"mov", "asf", "flv", "nut", "ivf"}  # formats of which FFmpeg reads one film
START_BYTES = 12  # with which another film in the same file begins too
BLOCK_BYTES = 2**20
HEADER_BYTES = 65536  # of an AVI file, which contain its stream headers
WEIGHED_FRAMES, WEIGHED_BYTES = 900, 2**25  # half a minute, less of an uncompressed film
_NO_TIMESTAMPS = 0x80  # AVFMT_NOTIMESTAMPS
_PICTURES = {"png", "mjpeg", "bmp", "gif", "webp", "tiff"}  # codecs of covers and thumbnails
_FAULTS = (av.FFmpegError, ValueError, ArithmeticError, LookupError, EOFError, OSError)


@dataclass(frozen=True, eq=False)
class Film:
    """An open video file; `note` says what was chosen if it holds several films."""

    path: Path
    container: av.container.InputContainer
    stream: av.VideoStream
    has_clock: bool
    note: str | None

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.container.close()

    @property
    def rate(self) -> float | None:
        """Frames per second as the header states it; None if it states none."""
        rate = self.stream.average_rate or self.stream.guessed_rate
        sound = self.has_clock and rate and RATES[0] <= rate <= RATES[1]
        return float(rate) if sound else None

    @property
    def duration_s(self) -> float | None:
        """Duration in s that the header announces; edit lists shorten it."""
        stream, container = self.stream, self.container
        if stream.duration is not None:
            duration_s = float(stream.duration * stream.time_base)
            avi = container.format.name == "avi" and self.rate  # FFmpeg shortens that of a cut AVI
            return max(duration_s, stream.frames / self.rate) if avi else duration_s
        if not container.duration or len(container.streams) > 1:  # another stream may be longer
            return None
        start_s = float((stream.start_time or 0) * stream.time_base)
        return container.duration / av.time_base - max(start_s, 0.0)


@dataclass
class Weight:
    """How strongly a film is compressed, by the size of its first packets, as they are read."""

    n_pixels: int = 0  # of a frame
    n_frames: int = 0
    n_bytes: int = 0

    def start(self, film: Film) -> None:
        """Begin with a film's first packet."""
        self.n_pixels = film.stream.width * film.stream.height
        self.n_frames = self.n_bytes = 0

    def add(self, packet: av.Packet) -> None:
        """Take the next packet of the film."""
        if packet.size and self.n_frames < WEIGHED_FRAMES and self.n_bytes <= WEIGHED_BYTES:
            self.n_frames, self.n_bytes = self.n_frames + 1, self.n_bytes + packet.size

    @property
    def bits_per_pixel(self) -> float | None:
        """Bits per pixel and frame: 24 of an uncompressed film, 0.1 to 0.3 of one of a phone; None
        before the first packet."""
        n_values = self.n_frames * self.n_pixels
        return 8 * self.n_bytes / n_values if n_values else None


def open_video(path: Path | str) -> Film:
    """Open a video file.  Raises VideoError with the path and the reason."""
    path = Path(path)
    with faults_of(path):
        _check_file(path)
        options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
        container = av.open(f"file:{path}", container_options=options, metadata_errors="replace")
        try:
            stream, note = _film_stream(path, container)
            _check_stream(path, stream)
            return Film(path, container, stream, _has_clock(path, container, stream), note)
        except Exception:
            container.close()
            raise


def note_of_joined(film: Film) -> str | None:
    """A note if files were joined byte by byte and FFmpeg reads the first one only.  Reads all of
    the file."""
    if film.container.format.name.split(",")[0] not in READ_TO_FIRST_END:
        return None
    start, kept, at = None, b"", 0  # at: where in the file what was kept begins
    with film.path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            content, start = kept + block, start or block[:START_BYTES]
            if (found := content.find(start, 0 if at else 1)) >= 0:
                joined = f"another file was joined to this one, from byte {at + found} on"
                return f"{joined}: only the first is read; join them with ffmpeg"
            at, kept = at + len(content) - START_BYTES, content[-START_BYTES:]
    return None


@contextmanager
def faults_of(path: Path) -> Iterator[None]:
    """Turn what PyAV and the file system raise into VideoError with the path; MemoryError stays."""
    try:
        yield
    except (VideoError, MemoryError):
        raise
    except _FAULTS as error:
        raise VideoError(f"{path}: not a video that can be decoded ({reason(error)})") from error


def reason(error: Exception) -> str:
    """The cause of a failure in words."""
    if isinstance(error, av.error.ArgumentError):
        return "Invalid argument: damaged, or a format that is not read"
    if isinstance(error, av.error.BlockingIOError):
        return "a part of the stream is missing"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise VideoError(f"{path}: no such file, expected a video") from None
    if stat.S_ISDIR(status.st_mode):
        raise VideoError(f"{path}: a folder, expected a video file")
    if not stat.S_ISREG(status.st_mode):
        raise VideoError(f"{path}: a device, pipe or socket, expected a video file")
    if status.st_size == 0:
        raise VideoError(f"{path}: the file is empty (0 bytes), expected a video")


def _film_stream(path: Path, container) -> tuple[av.VideoStream, str | None]:
    """The first video stream that is no still picture, and a note if there are several."""
    streams = container.streams.video
    films = [s for s in streams if not s.disposition & av.stream.Disposition.attached_pic]
    if len(films) > 1:
        films = [s for s in films if s.frames != 1] or films
        films = [s for s in films if s.frames or s.name not in _PICTURES] or films
    if not films:
        found = "a still picture only" if streams else "no video stream"
        raise VideoError(f"{path}: {found} in a {container.format.name} file")
    note = None
    if len(films) > 1:
        note = f"the file holds {len(films)} films: stream {films[0].index}, the first, is used"
    return films[0], note


def _check_stream(path: Path, stream: av.VideoStream) -> None:
    codec = stream.codec_context
    if codec is None:
        raise VideoError(f"{path}: its codec is unknown, so no frame can be decoded")
    if codec.width * codec.height > MOST_PIXELS:
        size = f"{codec.width}x{codec.height}"
        raise VideoError(f"{path}: frames of {size}, expected at most {MOST_PIXELS} pixels")


def _has_clock(path: Path, container, stream) -> bool:
    if container.format.flags & _NO_TIMESTAMPS:
        return False
    if container.format.name != "avi":
        return True
    return RATES[0] <= (stream.average_rate or 0) <= RATES[1] and _avi_states_a_rate(path)


def _avi_states_a_rate(path: Path) -> bool:
    """Whether an AVI header has a rate; FFmpeg takes 25 frames per second if it has none."""
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
    at = header.find(b"avih")
    if at >= 0 and len(header) >= at + 12 and struct.unpack_from("<I", header, at + 8)[0]:
        return True  # microseconds per frame
    at = header.find(b"vids")
    while at >= 0 and header[at - 8 : at - 4] != b"strh":
        at = header.find(b"vids", at + 1)
    return at < 0 or len(header) < at + 28 or all(struct.unpack_from("<II", header, at + 20))
