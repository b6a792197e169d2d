"""A training step of the ST-Transformer compared with the machine's bound.

    python benchmarks/st_transformer.py                         # both sizes, then the losses
    python benchmarks/st_transformer.py --sizes demo            # seconds, not minutes
    python benchmarks/st_transformer.py --device cuda --out st_transformer_cuda.csv

A step is forward, the self-supervised losses, backward and AdamW.  The bound is the time of the
network's multiply-adds (linear layers and attention, forward + backward = 3 x forward, without
recomputation) at the rate of one large float32 product on the same threads.  Each variant runs in
its own process; its memory is the peak that steps add to the memory before the first: resident
memory on a CPU (Linux), PyTorch's allocations on CUDA.  `naive` is the same network and weights
with softmax(Q K^T / sqrt(d)) V written out; predicted BVPs are checked to be equal to 1e-5.
`recompute` is the config's field.  The losses' loops are those of `loss_loops.py`.
"""

import argparse
import sys
import timeit
from pathlib import Path
from unittest.mock import patch

import loss_loops
import pandas as pd
import torch
from machine import PRODUCT, alone, peak_memory, product_rate, seconds, start_memory, wait
from torch import Tensor

from rppg.losses.correlation import negative_pearson
from rppg.losses.periodicity import N_FFT, N_SEGMENTS, periodicity_loss
from rppg.losses.rate_cross_entropy import rate_loss
from rppg.losses.sinc import bandwidth_loss, sparsity_loss, variance_loss
from rppg.models.st_transformer import net as module
from rppg.models.st_transformer.net import STTransformer, STTransformerConfig
from rppg.signals.spectrum import power_spectrum
from rppg.utils.freed_memory import freed_memory_kept

FPS, FRAMES, TOLERANCE = 30.0, 300, 1e-5
SMALL = {"dim": 32, "n_loops": 2, "patch": 4, "pre_norm": True}
SIZES = {"paper": (4, 63, {}), "demo": (8, 16, SMALL)}  # clips, rows, config
VARIANTS = ("plain", "recompute", "naive")
GOALS = {
    "paper, share of the bound, recompute": ("at least", 0.6),
    "paper, memory of naive over recompute": ("at least", 3.0),
    "slowest loss over its loop": ("at least", 10.0),
}


def main() -> None:
    """Measure, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", nargs="*", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--device", choices=list(PRODUCT), default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=2, help="timed at paper size; demo: 10 x")
    parser.add_argument("--out", type=Path, help="CSV to write: what, value, goal")
    args = parser.parse_args()
    machine = (args.device, args.threads)
    peak = max(alone(product_rate, *machine) for _ in range(3))
    rows = []
    for size in args.sizes:
        steps = args.steps if size == "paper" else 10 * args.steps
        rows += measure_size(size, steps, peak, machine)
    rows += measure_attention(machine) if "paper" in args.sizes else []
    rows += alone(measure_losses, *machine)
    peaks = sorted([peak, alone(product_rate, *machine)])
    rows = [(f"large product, {args.threads} threads, GFLOP/s", peak / 1e9), *rows]
    print(f"large product at the end of the run over the start: {peaks[1] / peaks[0]:.2f} apart")
    table = pd.DataFrame(rows, columns=["what", "value"])
    table["goal"] = [" ".join(map(str, GOALS.get(what, ("", "")))) for what in table["what"]]
    print(table.to_string(index=False, float_format="%.3f"))
    if args.out:
        table.to_csv(args.out, index=False, float_format="%.4f")


def measure_size(size: str, steps: int, peak: float, machine: tuple) -> list[tuple[str, float]]:
    """Rows of the table on one size; `peak` in operations per second."""
    alone(check_equal, size, *machine)
    bound_s = 3 * 2 * multiply_adds(size) / peak
    found = {name: alone(measure_steps, size, name, steps, *machine) for name in VARIANTS}
    rows = [(f"{size}, bound of a step, s", bound_s)]
    for name, (step_s, mib) in found.items():
        rows.append((f"{size}, step, {name}, s", step_s))
        rows.append((f"{size}, share of the bound, {name}", bound_s / step_s))
        rows.append((f"{size}, memory, {name}, MiB", mib))
    ours = {name: value for name, value in found.items() if name != "naive"}
    naive_s, naive_mib = found["naive"]
    fastest_s = min(step_s for step_s, _ in ours.values())
    rows.append((f"{size}, share of the bound", bound_s / fastest_s))
    rows.append((f"{size}, step of naive over ours", naive_s / fastest_s))
    for name, (_, mib) in ours.items():
        rows.append((f"{size}, memory of naive over {name}", naive_mib / mib))
    return rows


def multiply_adds(size: str) -> float:
    """Multiply-adds of one forward pass: linear layers and attention."""
    n_clips, n_rows, fields = SIZES[size]
    config = STTransformerConfig(**fields)
    n_times = -(-FRAMES // config.patch)
    linear = (3 + 2 * config.mlp_ratio) * config.dim**2  # per token and encoder
    attention = 2 * config.dim * (n_rows + n_times)  # per token and loop
    ends = config.dim * config.patch * (config.n_channels + 1)
    return n_clips * n_rows * n_times * (config.n_loops * (2 * linear + attention) + ends)


def measure_steps(
    size: str, variant: str, steps: int, device: str, threads: int
) -> tuple[float, float]:
    """Seconds of the fastest step and peak MiB added by steps."""
    torch.set_num_threads(threads)
    model, clips, rows = net_and_clips(size, device, recompute=variant == "recompute")
    optimizer = torch.optim.AdamW(model.train().parameters(), lr=1e-4)

    def step():
        optimizer.zero_grad()
        self_supervised(model(clips, rows)).backward()
        optimizer.step()
        wait(device)

    with attention_of(variant), freed_memory_kept():  # as `fit` has it
        before = start_memory(device)
        step()  # to warm up
        step_s = min(timeit.repeat(step, number=1, repeat=steps))
    return step_s, peak_memory(device) - before


def check_equal(size: str, device: str, threads: int) -> None:
    """Check that all variants predict the same BVP with the same weights."""
    torch.set_num_threads(threads)
    waves = {}
    for variant in VARIANTS:
        model, clips, rows = net_and_clips(size, device, recompute=variant == "recompute")
        with attention_of(variant):
            waves[variant] = model(clips[:1], rows).detach()
    for variant, wave in waves.items():
        difference = (wave - waves["naive"]).abs().max().item()
        assert difference <= TOLERANCE, f"{size}: {variant} and naive differ by {difference}"


def measure_attention(machine: tuple) -> list[tuple[str, float]]:
    """Rows of the table on attention in a temporal encoder, two clips, paper size."""
    rows = []
    for heads in (1, 8):
        found = {name: alone(attention_step, name, heads, *machine) for name in ("plain", "naive")}
        (ours_s, ours_mib), (naive_s, naive_mib) = found["plain"], found["naive"]
        name = f"attention alone, {heads} heads" if heads > 1 else "attention alone, 1 head"
        rows.append((f"{name}, time of naive over ours", naive_s / ours_s))
        rows.append((f"{name}, memory of naive over ours", naive_mib / ours_mib))
    return rows


def attention_step(variant: str, heads: int, device: str, threads: int) -> tuple[float, float]:
    """Seconds and MiB of attention over time, forward and backward."""
    torch.set_num_threads(threads)
    shape = (2 * 63, heads, FRAMES, 128 // heads)  # (B N, heads, T, D / heads)
    q, k, v = (torch.randn(shape, device=device, requires_grad=True) for _ in range(3))

    def step():
        q.grad = k.grad = v.grad = None
        module.scaled_dot_product_attention(q, k, v).sum().backward()
        wait(device)

    with attention_of(variant):
        before = start_memory(device)
        step_s = min(timeit.repeat(step, number=1, repeat=3))
    return step_s, peak_memory(device) - before


def measure_losses(device: str, threads: int) -> list[tuple[str, float]]:
    """Rows of the table on the losses of 8 clips without gradient, compared with their loops."""
    torch.set_num_threads(threads)
    wave = torch.randn(8, FRAMES, dtype=torch.float64, device=device)
    wave = wave + torch.sin(torch.arange(FRAMES, device=device) / 4)  # 72 bpm
    truth, hr_bpm = wave.roll(3, dims=-1), torch.linspace(55, 150, 8, device=device)
    freq_hz, power = power_spectrum(wave, FPS, N_FFT)
    segments = wave.unflatten(-1, (N_SEGMENTS, -1))
    spectra = (freq_hz.tolist(), power.tolist())
    parts = power_spectrum(segments, FPS, N_FFT)[1].tolist()
    waves = (wave.tolist(), truth.tolist())
    pairs = {
        "bandwidth": (lambda: bandwidth_loss(freq_hz, power), loss_loops.bandwidth, spectra),
        "sparsity": (lambda: sparsity_loss(freq_hz, power), loss_loops.sparsity, spectra),
        "variance": (lambda: variance_loss(freq_hz, power), loss_loops.variance, spectra),
        "periodicity": (lambda: periodicity_loss(wave, FPS), loss_loops.periodicity, (parts,)),
        "rate": (
            lambda: rate_loss(freq_hz, power, hr_bpm),
            loss_loops.rate,
            (*spectra, hr_bpm.tolist()),
        ),
        "Pearson": (lambda: negative_pearson(wave, truth), loss_loops.negative_pearson, waves),
    }
    rows = []
    for name, (ours, loop, arguments) in pairs.items():
        value, expected = ours().item(), loop(*arguments)
        assert abs(value - expected) <= 1e-9, f"{name}: {value}, its loop {expected}"
        loop_s = seconds(lambda loop=loop, given=arguments: loop(*given), 5)
        rows.append((f"{name} loss over its loop", loop_s / seconds(ours, 50, device)))
    rows.append(("slowest loss over its loop", min(value for _, value in rows)))
    learned = wave.float().requires_grad_()
    with_gradient_s = seconds(lambda: self_supervised(learned).backward(), 50, device)
    rows.append(("four label-free losses with spectrum and gradient, ms", 1000 * with_gradient_s))
    return rows


def self_supervised(wave: Tensor) -> Tensor:
    """The sum of the four label-free losses."""
    spectrum = power_spectrum(wave, FPS, N_FFT)
    sinc = bandwidth_loss(*spectrum) + sparsity_loss(*spectrum) + variance_loss(*spectrum)
    return sinc + periodicity_loss(wave, FPS)


def net_and_clips(size: str, device: str, **options) -> tuple[STTransformer, Tensor, Tensor]:
    """The network with the weights of seed 0, clips (B, T, N', C) and their rows (N',)."""
    n_clips, n_rows, fields = SIZES[size]
    torch.manual_seed(0)
    config = STTransformerConfig(**fields, **options)
    rows = torch.randperm(config.n_rows)[:n_rows].sort().values
    clips = torch.randn(n_clips, FRAMES, n_rows, config.n_channels)
    return STTransformer(config).to(device), clips.to(device), rows.to(device)


def attention_of(variant: str):
    """A context in which the model uses the variant's attention."""
    fast = torch.nn.functional.scaled_dot_product_attention
    function = naive_attention if variant == "naive" else fast
    return patch.object(module, "scaled_dot_product_attention", function)


def naive_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(Q K^T / sqrt(d)) V, step by step."""
    return torch.softmax(q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5, dim=-1) @ v


if __name__ == "__main__":
    sys.exit(main())
