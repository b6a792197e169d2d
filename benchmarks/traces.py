"""Simulated traces: how fast they are made, and how alike they are to maps of rendered clips.

    python benchmarks/traces.py --prepared prepared/demo               # the table
    python benchmarks/traces.py --prepared prepared/demo --out benchmarks/results/traces.csv \
        --figure traces.png

Speed is that of one process with one thread.  Statistics are of the first 10 s of each recording,
maps of the synthetic benchmark (first maker) against as many simulated ones: medians, and the 10th
and 90th percentile.  AC is the standard deviation in the heart band, DC the mean; the slope is that
of the log spectrum of the whole face's green between 0.2 and 6 Hz without the pulse and its second
harmonic; SNR is the POS signal's power within 6 bpm of the true rate and its double over the rest
of the heart band; correlation is that of the regions' green in the heart band.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from rppg.datasets import Store
from rppg.inference.classical import read_out
from rppg.plotting.style import BLUE, ORANGE, subplots
from rppg.preprocessing.mstmap import REGIONS
from rppg.signals.bandpass import bandpass
from rppg.signals.classical import pos, wave
from rppg.signals.spectrum import crop_band, power_spectrum
from rppg.synthetic.traces.simulate import BLOCK, TraceConfig, simulate_block
from rppg.synthetic.traces.write import write_traces

FPS, N_FRAMES = 30.0, 300
ROW_OF = {name: 2 ** (5 - k) - 1 for k, name in enumerate(REGIONS)}  # of a map: one region alone
METHODS = ("POS", "CHROM", "GREEN")
NEAR_BPM, N_FFT = 6.0, 4096
GOAL_CLIPS_PER_S = 1000.0


def main() -> None:
    """Measure speed and statistics, print both, write the CSV and the figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--prepared", type=Path, help="store with rendered clips; none: speed only")
    parser.add_argument("--blocks", type=int, default=20, help="simulated blocks of 16 clips")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="CSV to write")
    parser.add_argument("--figure", type=Path, help="picture to write")
    args = parser.parse_args()
    with threadpool_limits(1):
        rows = speeds(args.blocks)
    print(pd.DataFrame(rows).to_string(index=False, float_format="%.2f"), "\n")
    if args.prepared:
        tables = {
            "rendered": rendered(Store(args.prepared)),
            "simulated": simulated(args.blocks, args.seed),
        }
        found = compared(tables)
        print(found.to_string(index=False, float_format="%.3f"))
        rows += found.to_dict("records")
        if args.figure:
            draw(tables, args.figure)
    if args.out:
        pd.DataFrame(rows).to_csv(args.out, index=False, float_format="%.4f")


def speeds(n_blocks: int) -> list[dict]:
    """Clips of 10 s per second: maps in memory, maps with crops, and written to a store."""
    config = TraceConfig(seed=1)
    simulate_block(config, 0)
    start_s = time.perf_counter(), time.process_time()
    for number in range(n_blocks):
        simulate_block(config, number)
    wall_s, work_s = time.perf_counter() - start_s[0], time.process_time() - start_s[1]
    n, load = n_blocks * BLOCK, f"load average {os.getloadavg()[0]:.1f}"
    rows = [
        {"what": "maps per second", "value": n / wall_s, "note": load},
        {"what": "maps per second of processor time", "value": n / work_s, "note": load},
    ]
    start_s = time.process_time()
    simulate_block(config, 0).crops("face", list(range(BLOCK)))
    work_s = time.process_time() - start_s
    what = "maps with face crops per second of processor time"
    rows.append({"what": what, "value": BLOCK / work_s, "note": load})
    with tempfile.TemporaryDirectory() as folder:
        start_s = time.perf_counter()
        n = write_traces(folder, TraceConfig(n_clips=10 * BLOCK), workers=1, progress=False)
        wall_s = time.perf_counter() - start_s
    return [*rows, {"what": "maps written to a store per second", "value": n / wall_s}]


def rendered(store: Store) -> pd.DataFrame:
    """Statistics of the recordings of 10 s and more, with a known rate, of the first maker."""
    windows = known_windows(store, "mstmap")
    return pd.DataFrame([statistics(maps, hr_bpm) for maps, hr_bpm in windows])


def known_windows(store: Store, array: str) -> Iterator[tuple[np.ndarray, float]]:
    """The first 10 s of an array of each recording with a whole BVP in them, and its true rate."""
    for id in store.ids():
        one = store.open(id)
        if one.bvp is None or one.meta["n_frames"] < N_FRAMES:
            continue
        bvp = np.asarray(one.bvp[:N_FRAMES], float)
        if np.isfinite(bvp).all():
            window = one.window(0, N_FRAMES, names=(array,))[array]
            yield window, one.meta["hr_true_bpm"] or read_out(bvp, FPS)["hr_bpm"]


def simulated(n_blocks: int, seed: int) -> pd.DataFrame:
    """Statistics of simulated clips."""
    rows = []
    for number in range(n_blocks):
        block = simulate_block(TraceConfig(seed=seed), number)
        for clip in range(BLOCK):
            row = statistics(block.maps[clip], float(block.hr_bpm[clip]))
            rows.append(row | {"severity": float(block.scene.severity[clip])})
    return pd.DataFrame(rows)


def statistics(maps: np.ndarray, hr_bpm: float) -> dict[str, float]:
    """Statistics of a map (T, 63, 6) whose true rate is known."""
    maps = maps.astype(float)
    whole = maps[:, -1, :3]  # (T, 3)
    band = bandpass(whole.T, FPS).T
    row = {"hr_bpm": hr_bpm}
    for channel, name in enumerate("RGB"):
        row[f"DC {name}"] = whole[:, channel].mean()
        row[f"AC/DC {name}, %"] = 100 * band[:, channel].std() / whole[:, channel].mean()
    row["AC of slow changes G, %"] = 100 * slow(whole[:, 1]).std() / whole[:, 1].mean()
    row["spectrum slope"] = slope(whole[:, 1], hr_bpm)
    regions = np.stack([maps[:, row, :3] for row in ROW_OF.values()])  # (6, T, 3)
    regions = regions[np.isfinite(regions).all(axis=(1, 2))]
    snrs = [snr_db(pos(one, FPS), hr_bpm) for one in regions]
    row["SNR of POS, best region, dB"], row["SNR of POS, median region, dB"] = (
        max(snrs),
        float(np.median(snrs)),
    )
    row["spread of SNR over regions, dB"] = float(np.std(snrs))
    green = bandpass(regions[..., 1], FPS)
    row["correlation of regions"] = correlation(green)
    for name in METHODS:
        found = read_out(wave(name, whole, FPS), FPS).get("hr_bpm", np.nan)
        row[f"{name} within 5 bpm, %"] = 100.0 * (abs(found - hr_bpm) <= 5)
    return row


def slow(trace: np.ndarray) -> np.ndarray:
    """Changes below 0.5 Hz of a trace (T,), by a moving mean of 2 s."""
    return np.convolve(trace, np.full(60, 1 / 60), mode="valid")


def slope(trace: np.ndarray, hr_bpm: float) -> float:
    """Slope of log power over log frequency."""
    window = np.hanning(len(trace))
    freq_hz, power = power_spectrum((trace - trace.mean()) * window, FPS, N_FFT)
    used = (freq_hz > 0.2) & (freq_hz < 6)
    for harmonic in (1, 2):
        used &= abs(60 * freq_hz - harmonic * hr_bpm) > 2 * NEAR_BPM
    return float(np.polyfit(np.log(freq_hz[used]), np.log(power[used]), 1)[0])


def snr_db(pulse: np.ndarray, hr_bpm: float) -> float:
    """Power near the true rate and its double over the rest of the heart band."""
    freq_hz, power = crop_band(*power_spectrum(pulse * np.hanning(len(pulse)), FPS, N_FFT))
    near = (abs(60 * freq_hz - hr_bpm) < NEAR_BPM) | (abs(60 * freq_hz - 2 * hr_bpm) < NEAR_BPM)
    return float(10 * np.log10(power[near].sum() / power[~near].sum()))


def correlation(traces: np.ndarray) -> float:
    """Mean correlation of pairs of traces (R, T)."""
    found = np.corrcoef(traces)
    return float(found[np.triu_indices(len(traces), 1)].mean())


def compared(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per statistic: mean for shares, else median, 10th and 90th percentile, of each."""
    rows = []
    for name in tables["rendered"].columns:
        row = {"what": name}
        for source, table in tables.items():
            values = table[name].to_numpy()
            middle = values.mean() if "within" in name else np.median(values)
            low, high = np.percentile(values, (10, 90))
            row |= {source: middle}
            if "within" not in name:
                row |= {f"{source} 10 %": low, f"{source} 90 %": high}
        rows.append(row)
    sizes = {source: len(table) for source, table in tables.items()}
    return pd.DataFrame([{"what": "recordings", **sizes}, *rows])


def draw(tables: dict[str, pd.DataFrame], path: Path) -> None:
    """Distributions of each statistic, rendered against simulated."""
    names = [name for name in tables["rendered"].columns if "within" not in name]
    figure, axes = subplots(3, -(-len(names) // 3), figsize=(14, 7))
    for axis, name in zip(axes.flat, names, strict=False):
        both = np.concatenate([table[name] for table in tables.values()])
        bins = np.linspace(*np.percentile(both, (1, 99)), 25)
        for (source, table), colour in zip(tables.items(), (BLUE, ORANGE), strict=True):
            values = table[name].clip(bins[0], bins[-1])
            axis.hist(values, bins, density=True, alpha=0.5, color=colour, label=source)
        axis.set_title(name, fontsize=9)
        axis.set_yticks([])
    axes.flat[0].legend(fontsize=8)
    for axis in axes.flat[len(names) :]:
        axis.set_axis_off()
    figure.suptitle("Maps of rendered and of simulated clips (synthetic)")
    figure.savefig(path, dpi=80)


if __name__ == "__main__":
    main()
