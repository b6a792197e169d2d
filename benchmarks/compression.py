"""How many bits per pixel a heart rate needs: real faces, encoded again by four codecs.

    python benchmarks/compression.py --out benchmarks/results/compression.csv
    python benchmarks/compression.py --from benchmarks/results/compression.csv   # only the table

The first 10 s of each face of `people_data.py`, which are themselves encoded once, as they are and
encoded again, coarser and coarser.  The rate of the consensus and of POS is compared with the
contact PPG's peak over the same 10 s, or with the middle of the band that a video's authors name.
The people are three; what is told from them is where the answers begin to fail, no share of them.
"""

import argparse
import tempfile
from fractions import Fraction
from itertools import takewhile
from pathlib import Path

import av
import numpy as np
import pandas as pd
from people_data import Person, package_faces, shared_recordings
from tqdm import tqdm

import rppg
from rppg.evaluation.consensus_words import LIKELY
from rppg.evaluation.metrics import NEAR_BPM
from rppg.preprocessing.container import Weight, open_video
from rppg.preprocessing.video import read_frames
from rppg.signals.heart_rate import heart_rate

CLIP_S = 10.0
QUALITIES = {  # by FFmpeg's encoder: CRF, or the fixed quantiser of the older ones
    "libx264": (15, 23, 30, 35, 40),
    "libx265": (23, 30, 37, 43),
    "mjpeg": (3, 8, 15, 31),
    "mpeg4": (3, 8, 15, 31),
}
AS_IT_IS = "as it is"
METHODS = ("POS", "consensus")
BANDS = (0.01, 0.02, 0.04, 0.08, 0.2, np.inf)  # bits per pixel, upper ends


def main() -> None:
    """Encode, measure, print; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=Path, default=Path("build/people"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--from", dest="table", type=Path, help="print an existing table")
    args = parser.parse_args()
    table = pd.read_csv(args.table) if args.table else measured(args.people, args.shared)
    if args.out:
        table.to_csv(args.out, index=False, float_format="%.4f")
    print(by_bits(table).to_string(index=False, float_format="%.2f"))


def measured(people: Path, shared: Path) -> pd.DataFrame:
    """A row per face, codec and quality."""
    faces = [one for one in package_faces(people) + shared_recordings(shared) if one.video]
    jobs = [(one, codec, q) for one in faces for codec, qs in QUALITIES.items() for q in qs]
    jobs = [(one, AS_IT_IS, 0) for one in faces] + jobs
    with tempfile.TemporaryDirectory() as folder:
        return pd.DataFrame([row_of(*job, Path(folder)) for job in tqdm(jobs, "compression")])


def row_of(person: Person, codec: str, quality: int, folder: Path) -> dict:
    """Bits per pixel, rates, errors and the consensus' confidence of one encoding."""
    video = person.video
    if codec != AS_IT_IS:
        video = folder / f"face.{'avi' if codec == 'mjpeg' else 'mp4'}"
        encode(video, person.video, codec, quality)
    true_bpm = truth_bpm(person)
    row = {"name": person.name, "codec": codec, "quality": quality, "hr_true_bpm": true_bpm}
    row["bits_per_pixel"] = bits_per_pixel(video)
    for method in METHODS:
        try:
            found = rppg.heart_rate(video, method=method)
        except rppg.NoHeartRateError as error:
            row |= {method: np.nan, "reason": str(error).replace(str(folder), "")}
            continue
        row |= {method: found.bpm, "confidence": found.confidence}
    return row


def bits_per_pixel(video: Path) -> float:
    """Of a video's first packets, without decoding."""
    weight = Weight()
    with open_video(video) as film:
        weight.start(film)
        for packet in film.container.demux(film.stream):
            weight.add(packet)
    return weight.bits_per_pixel


def truth_bpm(person: Person) -> float:
    """The peak of the contact PPG over the clip, or the middle of the band."""
    if person.contact is None:
        return float(np.mean(person.band_bpm))
    times_s, ppg = person.contact
    fps = (len(times_s) - 1) / (times_s[-1] - times_s[0])
    return heart_rate(ppg[times_s <= CLIP_S], fps).hr_bpm


def encode(path: Path, source: Path, codec: str, quality: int) -> None:
    """Write the first seconds of a video again; quality: CRF or quantiser."""
    timed = list(takewhile(lambda one: one[1] <= CLIP_S, read_frames(source)))
    fps = (len(timed) - 1) / (timed[-1][1] - timed[0][1])
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
        height, width = (side // 2 * 2 for side in timed[0][0].shape[:2])  # chroma is halved
        stream.height, stream.width = height, width
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if codec.startswith("lib"):
            quiet = {"x265-params": "log-level=error"} if codec == "libx265" else {}
            stream.codec_context.options = {"crf": str(quality), "preset": "veryfast", **quiet}
        else:
            stream.codec_context.qmin = stream.codec_context.qmax = quality
        for rgb, _ in timed:
            pixels = np.ascontiguousarray(rgb[:height, :width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


def by_bits(table: pd.DataFrame) -> pd.DataFrame:
    """Counts of encodings by bits per pixel: right answers, wrong ones, those refused, and the
    wrong ones with a confidence of LIKELY or more."""
    band = pd.cut(table["bits_per_pixel"], [0, *BANDS], right=False)
    wrong = {name: (table[name] - table["hr_true_bpm"]).abs() > NEAR_BPM for name in METHODS}
    facts = pd.DataFrame({"bits per pixel": band, "encodings": 1})
    for name in METHODS:
        facts[f"{name} right"] = ~wrong[name] & table[name].notna()
    facts["refused"] = table["consensus"].isna()
    facts["wrong, likely"] = wrong["consensus"] & (table["confidence"] >= LIKELY)
    return facts.groupby("bits per pixel", observed=True).sum().reset_index()


if __name__ == "__main__":
    main()
