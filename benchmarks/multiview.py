"""Time and memory of a training step of Gideon2021, its loss and its saliency sampler.

    python benchmarks/multiview.py                              # both sizes, then the loss
    python benchmarks/multiview.py --sizes demo                 # seconds, not minutes
    python benchmarks/multiview.py --threads 2 --out benchmarks/results/multiview.csv
    python benchmarks/multiview.py --from benchmarks/results/multiview.csv

A step is forward of the clips and of the clips played faster, the multi-view triplet loss and both
saliency terms, backward and AdamW.  `plain` is the same in plain modules and loops
(`multiview_plain.py`), with the same weights, clips and views; losses are checked to be equal.
Each variant runs with and without the sampler, in its own process; its memory is the peak that
steps add to the memory before the first: resident memory on a CPU (Linux), PyTorch's allocations on
CUDA. `every 5` has one map per 5 frames.  The loss alone is measured on BVPs of 4 clips, the
paper's batch, with its gradient; its loops are over views and pairs, all clips at once, as
published.
"""

import argparse
import sys
import timeit
from pathlib import Path

import pandas as pd
import torch
from contrast_phys_plain import as_plain
from machine import alone, peak_memory, seconds, start_memory, wait
from multiview_plain import PlainGideon2021, saliency_terms, triplet_loops
from torch import Tensor, nn

from rppg.losses.multiview_triplet import multi_view_triplet
from rppg.losses.saliency_map import saliency_sparsity, saliency_temporal
from rppg.models.gideon2021.net import Gideon2021, Gideon2021Config
from rppg.signals.time_stretch import resample_time

FPS, FRAMES, RATIO, BATCH, TOLERANCE = 30.0, 300, 0.73, 4, 1e-5
SIZES = {  # clips, config
    "paper": (2, {"size": 64, "width": 32, "saliency_width": 64}),
    "demo": (4, {"size": 32, "width": 8, "saliency_width": 16}),
}
VARIANTS = {  # code, sampler, frames per map
    "plain": ("plain", True, 1),
    "ours": ("ours", True, 1),
    "ours, every 5": ("ours", True, 5),
    "plain, no sampler": ("plain", False, 1),
    "ours, no sampler": ("ours", False, 1),
}
GOALS = {
    "loss alone, ours apart from plain, relative": ("at most", TOLERANCE),
    "loss alone, plain over ours": ("at least", 5.0),
}


def main() -> None:
    """Measure, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", nargs="*", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=3, help="timed at paper size; demo: 10 x")
    parser.add_argument("--out", type=Path, help="CSV to write: what, value, goal")
    parser.add_argument("--from", dest="table", type=Path, help="print an existing table")
    args = parser.parse_args()
    table = pd.read_csv(args.table, keep_default_na=False) if args.table else measured(args)
    print(table.to_string(index=False, float_format="%.6g"))
    if args.out:
        table.to_csv(args.out, index=False, float_format="%.6g")


def measured(args: argparse.Namespace) -> pd.DataFrame:
    """The table: what, value, goal."""
    machine = (args.device, args.threads)
    rows = [("threads", args.threads)]
    for size in args.sizes:
        steps = args.steps if size == "paper" else 10 * args.steps
        found = {name: alone(measure_steps, size, name, steps, *machine) for name in VARIANTS}
        rows += [(f"{size}, {what}", value) for what, value in rows_of_steps(found)]
    rows += alone(measure_loss, *machine)
    table = pd.DataFrame(rows, columns=["what", "value"])
    table["goal"] = [" ".join(map(str, GOALS.get(what, ("", "")))) for what in table["what"]]
    return table


def rows_of_steps(found: dict[str, tuple[float, float, float]]) -> list[tuple[str, float]]:
    """Rows of the table from seconds, MiB and first loss of each variant of one size.
    Raises AssertionError if the losses of ours and plain differ."""
    rows = []
    for name, (step_s, mib, loss) in found.items():
        rows += [(f"step, {name}, s", step_s), (f"memory, {name}, MiB", mib)]
        rows.append((f"loss, {name}", loss))
    for end in ("", ", no sampler"):
        (plain_s, _, plain_loss), (ours_s, _, loss) = found[f"plain{end}"], found[f"ours{end}"]
        apart = abs(loss - plain_loss)
        assert apart <= TOLERANCE, f"losses of ours and plain{end} are {apart} apart"
        rows += [(f"loss of ours, plain's apart{end}", apart)]
        rows += [(f"step of plain over ours{end}", plain_s / ours_s)]
    for name in ("plain", "ours", "ours, every 5"):
        without_s, without_mib, _ = found[f"{name.split(',')[0]}, no sampler"]
        step_s, mib, _ = found[name]
        rows += [(f"step with the sampler over one without, {name}", step_s / without_s)]
        rows += [(f"memory with the sampler over that without, {name}", mib / without_mib)]
    return rows


def measure_steps(
    size: str, variant: str, steps: int, device: str, threads: int
) -> tuple[float, float, float]:
    """Seconds of the fastest step, peak MiB added by steps, and the first step's loss."""
    torch.set_num_threads(threads)
    net, clips = net_and_clips(size, variant, device)
    optimizer = torch.optim.AdamW(net.train().parameters(), lr=1e-5)
    losses = []

    def step():
        optimizer.zero_grad()
        loss = loss_of(net, clips)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        wait(device)

    before = start_memory(device)
    step()  # to warm up
    step_s = min(timeit.repeat(step, number=1, repeat=steps))
    return step_s, peak_memory(device) - before, losses[0]


def loss_of(net: nn.Module, clips: Tensor) -> Tensor:
    """MVTL, always with the same views, and the saliency terms if there is a sampler."""
    if isinstance(net, PlainGideon2021):
        waves, saliency = net(clips, round(RATIO * FRAMES))
        loss = triplet_of("plain", *waves)
        return loss if saliency is None else loss + saliency_terms(saliency)
    anchor, negative, saliency = net(clips, branches=True, ratio=RATIO)
    loss = triplet_of("ours", anchor, resample_time(negative, FRAMES), negative)
    if saliency is None:
        return loss
    return loss + saliency_sparsity(saliency) + saliency_temporal(saliency)


def triplet_of(code: str, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """MVTL, always with the same views."""
    triplet = {"plain": triplet_loops, "ours": multi_view_triplet}[code]
    return triplet(anchor, positive, negative, FPS, torch.Generator().manual_seed(0))


def net_and_clips(size: str, variant: str, device: str) -> tuple[nn.Module, Tensor]:
    """The network with the weights of seed 0, and its clips: as in the store, for `plain`
    (B, 3, T, H, W) float32."""
    torch.manual_seed(0)
    (code, sampler, every), (n_clips, config) = VARIANTS[variant], SIZES[size]
    net = Gideon2021(Gideon2021Config(**config, saliency=sampler, saliency_every=every))
    pulse = torch.sin(torch.arange(FRAMES) * torch.linspace(0.2, 0.4, n_clips)[:, None])
    side = config["size"]
    clips = 100 + 40 * torch.rand(n_clips, FRAMES, side, side, 3)
    clips = (clips + 5 * pulse[:, :, None, None, None]).to(torch.uint8)  # 57 to 115 bpm
    if code == "plain":
        width = config["saliency_width"] if sampler else None
        net, clips = as_plain(net, PlainGideon2021(side, config["width"], width), clips)
    return net.to(device), clips.to(device)


def measure_loss(device: str, threads: int) -> list[tuple[str, float]]:
    """Rows of the table on the loss with its gradient."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    lengths = (FRAMES, FRAMES, round(RATIO * FRAMES))
    waves = [torch.randn(BATCH, n, device=device, requires_grad=True) for n in lengths]
    times_s, results = {}, {}
    for code in ("plain", "ours"):

        def both(code=code):
            return torch.autograd.grad(triplet_of(code, *waves), waves)

        results[code] = [triplet_of(code, *waves).detach(), *both()]
        times_s[code] = seconds(both, 100, device)
    aparts = [
        ((ours - its).abs().max() / its.abs().max()).item()
        for ours, its in zip(results["ours"], results["plain"], strict=True)
    ]
    assert max(aparts) <= TOLERANCE, f"loss and gradients are {aparts} apart, relative"
    rows = [(f"loss alone, {code}, ms", 1000 * time_s) for code, time_s in times_s.items()]
    rows.append(("loss alone, ours apart from plain, relative", aparts[0]))
    rows.append(("its gradients, ours apart from plain, relative", max(aparts[1:])))
    return [*rows, ("loss alone, plain over ours", times_s["plain"] / times_s["ours"])]


if __name__ == "__main__":
    sys.exit(main())
