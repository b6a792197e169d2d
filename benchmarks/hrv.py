"""Heart-rate variability from predicted waves, against a contact PPG or a chest strap.

    python benchmarks/hrv.py                        # NeuroKit2 has its own environment
    python benchmarks/hrv.py --from benchmarks/results/hrv.csv      # only the tables

NeuroKit2 (Makowski et al., Behavior Research Methods 53, 2021) finds the beats: each wave is
interpolated to 250 Hz, cleaned, and its systolic peaks give the mean interval (MeanNN), SDNN and
RMSSD, in ms.  Each predicted wave is read as it is and, in the column `band`, band-passed: in the
heart band, and from 0.75 to 1.35 times its own heart rate, which leaves few wrong beats, and little
of the variability.  The reference of a face is its contact PPG, read in the same way; that of a
finger the intervals of a chest strap, without its first and last beat.  Beats that a wave misses or
has too many are errors of its method and are left in.  The faces last 12 s: SDNN and RMSSD of so
few beats say how far a wave's beats are off, not how variable a heart is.
"""

import argparse
import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
from peer_programs import clean, last_line
from people import face_waves, finger_waves
from people_data import Person, package_faces, shared_recordings

from rppg.datasets.prepared import FPS
from rppg.signals.bandpass import bandpass
from rppg.signals.heart_rate import heart_rate

RESULTS = Path("benchmarks/results/hrv.csv")
VALUES = ("mean_nn_ms", "sdnn_ms", "rmssd_ms")
CONTACT, STRAP = "contact PPG", "chest strap"
AS_IT_IS = "as it is"
LONGEST_S = 600.0  # of NeuroKit2 on all waves
NEUROKIT = """
import json, sys, warnings
import numpy as np, neurokit2 as nk
warnings.simplefilter("ignore")
asked, said = json.load(sys.stdin), []
for one in asked["waves"]:
    try:
        wave = nk.signal_resample(np.array(one), method="interpolation",
            sampling_rate=asked["fps"], desired_sampling_rate=250)
        peaks = nk.ppg_findpeaks(nk.ppg_clean(wave, sampling_rate=250), sampling_rate=250)
        said.append(np.asarray(peaks["PPG_Peaks"], float).tolist())
    except Exception as error:
        said.append(f"{type(error).__name__}: {error}")
print(json.dumps({"version": nk.__version__, "peaks_250hz": said}))
"""


def main() -> None:
    """Measure or read, print the tables, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--env", type=Path, default=Path("build/hrv"), help="of NeuroKit2")
    parser.add_argument("--folder", type=Path, default=Path("build/people"), help="for downloads")
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"), help="more people")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--from", dest="measured", help="an existing CSV, without measuring")
    args = parser.parse_args()
    if args.measured:
        rows = pd.read_csv(args.measured)
    else:
        people = package_faces(args.folder) + shared_recordings(args.shared)
        known = [one for one in people if one.contact is not None or one.beats_s is not None]
        rows = measure(known, python_with_neurokit(args.env))
        rows.to_csv(args.out, index=False, float_format="%.1f")
    print(rows.to_string(index=False, float_format="%.1f"))
    print(errors(rows).to_string(float_format="%.1f"))


def python_with_neurokit(env: Path) -> Path:
    """The interpreter of an environment that has NeuroKit2; it is made if it is not there."""
    python = env / "bin/python"
    if not python.exists():
        subprocess.run(["python", "-m", "venv", str(env)], check=True, env=clean())
        command = [str(python), "-m", "pip", "install", "-q", "neurokit2"]
        subprocess.run(command, check=True, env=clean())
    return python


def measure(people: list[Person], python: Path) -> pd.DataFrame:
    """A row per recording and wave, with its values and the reference's."""
    rows = []
    for person in people:
        waves = waves_of(person)
        peaks, version = beats_of(list(waves.values()), python)
        found = {key: intervals(one) for key, one in zip(waves, peaks, strict=True)}
        if person.beats_s is not None:
            found[STRAP, AS_IT_IS] = variability(1000 * np.diff(person.beats_s)[1:-1])
        reference = CONTACT if person.contact is not None else STRAP
        truth = {f"{name}_true": value for name, value in found.pop((reference, AS_IT_IS)).items()}
        shared = {"recording": person.name, "kind": person.kind, "reference": reference}
        shared["neurokit2"] = version
        names = [{"method": name, "band": band} for name, band in found]
        rows += [shared | key | one | truth for key, one in zip(names, found.values(), strict=True)]
        print(f"{person.name}: {len(found)} waves", flush=True)
    return pd.DataFrame(rows)


def waves_of(person: Person) -> dict[tuple[str, str], np.ndarray]:
    """Waves (T,) at 30 fps by method and band, without gaps, and a face's contact PPG."""
    if person.video:
        times_s, waves, _ = face_waves(person, [None])
    else:
        times_s, waves = finger_waves(person)
    whole = {}
    for (name, _), one in waves.items():
        if isinstance(one, str):
            continue
        whole[name, AS_IT_IS] = wave = bridged(one)
        own_hz = heart_rate(one, FPS).hr_bpm / 60
        whole[name, "heart band"] = bandpass(wave, FPS)
        whole[name, "near its rate"] = bandpass(wave, FPS, (0.75 * own_hz, 1.35 * own_hz))
    if person.contact is not None:
        whole[CONTACT, AS_IT_IS] = np.interp(times_s, *person.contact)
    return whole


def bridged(wave: np.ndarray) -> np.ndarray:
    """The wave with its gaps interpolated: a beat in one is missed."""
    at, known = np.arange(len(wave)), np.isfinite(wave)
    return np.interp(at, at[known], wave[known])


def beats_of(waves: list[np.ndarray], python: Path) -> tuple[list, str]:
    """Places of the beats of each wave, at 250 Hz, or why there are none, and the version."""
    asked = json.dumps({"fps": FPS, "waves": [wave.tolist() for wave in waves]})
    command, how = [str(python), "-c", NEUROKIT], {"capture_output": True, "text": True}
    done = subprocess.run(command, input=asked, timeout=LONGEST_S, env=clean(), check=False, **how)
    if done.returncode:
        raise RuntimeError(f"NeuroKit2 failed: {last_line(done.stderr)}")
    said = json.loads(last_line(done.stdout))
    return said["peaks_250hz"], said["version"]


def intervals(peaks: list | str) -> dict[str, float]:
    """Variability of the intervals between beats at 250 Hz."""
    return variability(np.empty(0) if isinstance(peaks, str) else 4 * np.diff(peaks))


def variability(nn_ms: np.ndarray) -> dict[str, float]:
    """Beats, MeanNN, SDNN and RMSSD of intervals (n,) in ms; NaN of fewer than three."""
    if len(nn_ms) < 3:
        return {"beats": len(nn_ms) + 1} | dict.fromkeys(VALUES, np.nan)
    values = (nn_ms.mean(), nn_ms.std(ddof=1), np.sqrt((np.diff(nn_ms) ** 2).mean()))
    return {"beats": len(nn_ms) + 1} | dict(zip(VALUES, map(float, values), strict=True))


def errors(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean absolute error of each value, and the mean of the reference, by kind, band
    and method."""
    columns = {name: (rows[name] - rows[f"{name}_true"]).abs() for name in VALUES}
    columns |= {f"{name}_true": rows[f"{name}_true"] for name in VALUES}
    keys = ["kind", "band", "method"]
    table = pd.DataFrame({**{key: rows[key] for key in keys}, **columns})
    return table.groupby(keys).mean().sort_values(["kind", "rmssd_ms"])


if __name__ == "__main__":
    main()
