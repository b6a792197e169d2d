"""What tests of readers share: files made of a few bytes, and recordings by name."""

from pathlib import Path


def put(path: Path, content: str | bytes = b"bytes that stand for a video") -> Path:
    """Write a file, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def ids(recordings):
    return [recording.id for recording in recordings]


def by_name(recordings):
    return {recording.name: recording for recording in recordings}
