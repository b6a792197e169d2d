"""What about a video limits an answer: short, dark, small, slow, strongly compressed.

    luma, face_px, fps = facts(traces)
    limits_of(traces)                               # ("only 5 s", "the face is dark")

They are said with an answer that is not sure, and weigh in its confidence.
"""

import numpy as np

from rppg.datasets.prepared import WHOLE_FACE
from rppg.inference.doubts import strong_compression

LUMA = 3  # channel of a map
DIM_FACE, SMALL_FACE_PX, FEW_FPS, SHORT_S = 50.0, 80.0, 20.0, 8.0


def facts(traces) -> tuple[float, float, float]:
    """Mean luma of the face (0-255), its height in pixels, and the video's frames per second."""
    luma = float(np.nanmean(traces.mstmap[:, WHOLE_FACE, LUMA]))
    height_px = float(np.ptp(traces.preview_landmarks[:, 1]))
    return luma, height_px, float(traces.meta.get("fps", traces.fps))


def limits_of(traces) -> tuple[str, ...]:
    """What about the video limits an answer, in words."""
    luma, height_px, fps = facts(traces)
    seconds = len(traces.times_s) / traces.fps
    said = {
        f"only {seconds:.0f} s": seconds < SHORT_S,
        "the face is dark": luma < DIM_FACE,
        f"the face is small ({height_px:.0f} pixels high)": height_px < SMALL_FACE_PX,
        f"only {fps:.0f} frames per second": fps < FEW_FPS,
    }
    found = [text for text, is_so in said.items() if is_so]
    return (*found, *strong_compression(traces.meta))
