"""Folders of images, written atomically.

Frames are RGB uint8 arrays (H, W, 3).  Kinds of images: "png" and "jpg" in colour, "bayer" one
channel of raw sensor values behind a colour filter, 16 bits per pixel, as PNG.

    >>> write_images("01-01", "png", ["Image1.png", "Image2.png"], frames)  # doctest: +SKIP
"""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

BAYER = "RGGB"  # colours of the top left 2x2 pixels, by row
# Camera noise has no repeats to be found: without the search, PNGs are written sooner.
NO_SEARCH = (cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY)
PNG = (cv2.IMWRITE_PNG_COMPRESSION, 1, *NO_SEARCH)
SETTINGS = {"png": PNG, "jpg": (cv2.IMWRITE_JPEG_QUALITY, 95), "bayer": PNG}


def write_images(
    folder: Path | str, kind: str, names: Sequence[str], frames: Iterable[np.ndarray]
) -> Path:
    """Write frames as image files of these names into a new folder.

    Raises ValueError if the numbers of names and frames differ, OSError if a file cannot be
    written.
    """
    folder = Path(folder)
    part = folder.with_name(f".tmp-{folder.name}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name, rgb in zip(names, frames, strict=True):
        pixels = mosaic(rgb) if kind == "bayer" else cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
        if not cv2.imwrite(str(part / name), pixels, SETTINGS[kind]):
            raise OSError(f"{part / name} cannot be written")
    part.replace(folder)
    return folder


def mosaic(rgb: np.ndarray) -> np.ndarray:
    """Raw values of a sensor with the filter BAYER for (H, W, 3): (H, W) uint16, upper 8 bits."""
    raw = np.empty(rgb.shape[:2], np.uint16)  # (H, W)
    for place, colour in enumerate(BAYER):
        row, column = divmod(place, 2)
        raw[row::2, column::2] = rgb[row::2, column::2, "RGB".index(colour)]
    return raw << 8
