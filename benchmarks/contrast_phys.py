"""Time and memory of a training step of Contrast-Phys+ at the paper's size.

    python benchmarks/contrast_phys.py                          # 2 clips of 300 frames of 128 x 128
    python benchmarks/contrast_phys.py --out benchmarks/results/contrast_phys.csv

A step is forward, contrast of windows, backward and AdamW.  `plain` is the published network and
loss (`contrast_phys_plain.py`), float32, with the same weights, clips and windows; losses are
checked to be equal to 1e-5.  `bf16` is ours under autocast, as with precision "bf16-mixed".  Each
variant runs in its own process; its memory is the peak that steps add to the memory before the
first (with the clips): resident memory on a CPU (Linux), PyTorch's allocations on CUDA.  The loss
alone is measured on a given block, with its gradient.  A batch is loaded from a store of random
crops in a temporary folder (0.2 GB), from a warm cache, by one process.
"""

import argparse
import statistics
import sys
import tempfile
import timeit
from pathlib import Path

import pandas as pd
import torch
from contrast_phys_plain import WINDOWS, PlainPhysNet, as_plain, contrast_loops
from machine import alone, peak_memory, seconds, start_memory, wait
from store import random_store
from torch import Tensor, nn
from torch.utils.data import default_collate

from rppg.dataloader.clips import Clips
from rppg.losses.contrast import contrast_loss, sample_windows
from rppg.losses.windows import window_spectra
from rppg.models.contrast_phys.physnet import PhysNet, PhysNetConfig

FPS, CLIPS, FRAMES, SIZE, TOLERANCE = 30.0, 2, 300, 128, 1e-5
VARIANTS = ("plain", "ours", "bf16")
GOALS = {
    "loss of ours, plain's apart": ("at most", TOLERANCE),
    "step of plain over ours": ("at least", 1.5),
    "step of plain over bf16": ("at least", 3.0),
    "memory of ours over plain": ("at most", 0.6),
    "loss alone, plain over ours": ("at least", 7.0),
    "step of ours over loading its batch": ("at least", 3.0),
    "step of bf16 over loading its batch": ("at least", 3.0),
}


def main() -> None:
    """Measure, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=2, help="timed per variant")
    parser.add_argument("--out", type=Path, help="CSV to write: what, value, goal")
    args = parser.parse_args()
    machine = (args.device, args.threads)
    found = {name: alone(measure_steps, name, args.steps, *machine) for name in VARIANTS}
    rows = [("threads", args.threads), *rows_of_steps(found)]
    rows += alone(measure_loss, *machine)
    load_s = alone(measure_loading, args.threads)
    rows.append(("loading a batch, ms", 1000 * load_s))
    for name in ("ours", "bf16"):
        rows.append((f"step of {name} over loading its batch", found[name][0] / load_s))
    table = pd.DataFrame(rows, columns=["what", "value"])
    table["goal"] = [" ".join(map(str, GOALS.get(what, ("", "")))) for what in table["what"]]
    print(table.to_string(index=False, float_format="%.6g"))
    if args.out:
        table.to_csv(args.out, index=False, float_format="%.6g")


def rows_of_steps(found: dict[str, tuple[float, float, float]]) -> list[tuple[str, float]]:
    """Rows of the table from seconds, MiB and first loss of each variant.  Raises
    AssertionError if the losses of ours and plain differ."""
    rows = []
    for name, (step_s, mib, loss) in found.items():
        rows += [(f"step, {name}, s", step_s), (f"memory, {name}, MiB", mib)]
        rows.append((f"loss, {name}", loss))
    plain_s, plain_mib, plain_loss = found["plain"]
    for name in ("ours", "bf16"):
        step_s, mib, loss = found[name]
        rows.append((f"loss of {name}, plain's apart", abs(loss - plain_loss)))
        rows.append((f"step of plain over {name}", plain_s / step_s))
        rows.append((f"memory of {name} over plain", mib / plain_mib))
    apart = abs(found["ours"][2] - plain_loss)
    assert apart <= TOLERANCE, f"losses of ours and plain are {apart} apart"
    return rows


def measure_steps(
    variant: str, steps: int, device: str, threads: int
) -> tuple[float, float, float]:
    """Seconds of the fastest step, peak MiB added by steps, and the first step's loss."""
    torch.set_num_threads(threads)
    net, clips = net_and_clips(variant, device)
    optimizer = torch.optim.AdamW(net.train().parameters(), lr=1e-5)
    losses = []

    def step():
        optimizer.zero_grad()
        with torch.autocast(device, torch.bfloat16, enabled=variant == "bf16"):
            block = net(clips) if variant == "plain" else net(clips, whole_block=True)
        loss = loss_of(variant, block)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        wait(device)

    before = start_memory(device)
    step()  # to warm up
    step_s = min(timeit.repeat(step, number=1, repeat=steps))
    return step_s, peak_memory(device) - before, losses[0]


def loss_of(variant: str, block: Tensor) -> Tensor:
    """The contrast of a block (2, T, S, S), always with the same windows."""
    generator = torch.Generator().manual_seed(0)
    if variant == "plain":
        return contrast_loops(block, FPS, generator)
    windows = sample_windows(block, block.shape[1] // 2, WINDOWS, generator)
    return contrast_loss(window_spectra(windows, FPS)[1])


def net_and_clips(variant: str, device: str) -> tuple[nn.Module, Tensor]:
    """The network with the weights of seed 0, and its clips: as in the store, for `plain`
    (B, 3, T, H, W) float32."""
    torch.manual_seed(0)
    net = PhysNet(PhysNetConfig(size=SIZE))
    pulse = torch.sin(torch.arange(FRAMES) * torch.tensor([[0.25], [0.4]]))  # 72, 115 bpm
    clips = 100 + 40 * torch.rand(CLIPS, FRAMES, SIZE, SIZE, 3)
    clips = (clips + 5 * pulse[:, :, None, None, None]).to(torch.uint8)
    if variant == "plain":
        net, clips = as_plain(net, PlainPhysNet(), clips)
    return net.to(device), clips.to(device)


def measure_loss(device: str, threads: int) -> list[tuple[str, float]]:
    """Rows of the table on the loss with its gradient."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    block = torch.randn(CLIPS, FRAMES, 2, 2, device=device, requires_grad=True)
    times_s, results = {}, {}
    for variant in ("plain", "ours"):
        gradient = torch.autograd.grad(loss_of(variant, block), block)[0]
        results[variant] = (loss_of(variant, block).item(), gradient)

        def both(variant=variant):
            torch.autograd.grad(loss_of(variant, block), block)

        times_s[variant] = seconds(both, 20, device)
    for ours, its in zip(results["ours"], results["plain"], strict=True):
        apart = (torch.as_tensor(ours) - torch.as_tensor(its)).abs().max().item()
        assert apart <= TOLERANCE, f"losses or gradients are {apart} apart"
    rows = [(f"loss alone, {name}, ms", 1000 * time_s) for name, time_s in times_s.items()]
    return [*rows, ("loss alone, plain over ours", times_s["plain"] / times_s["ours"])]


def measure_loading(threads: int) -> float:
    """Seconds to load a batch of random windows of different recordings, the median of 20."""
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        store = random_store(Path(folder), CLIPS)
        clips = Clips(store, store.ids(), "face", FRAMES)
        generator = torch.Generator().manual_seed(0)

        def load():
            return default_collate([clips.sample(k, generator) for k in range(CLIPS)])

        assert load()["clip"].shape == (CLIPS, FRAMES, SIZE, SIZE, 3)
        return statistics.median(timeit.repeat(load, number=1, repeat=20))


if __name__ == "__main__":
    sys.exit(main())
