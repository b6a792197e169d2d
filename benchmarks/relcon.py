"""Speed of RelCon's loss, distance and training steps, and projected cost of a million windows.

    python benchmarks/relcon.py --threads 1    # everything: 2 minutes, 6 GB of memory
    python benchmarks/relcon.py --sizes profile --threads 2 --out benchmarks/results/relcon.csv

Each part runs in its own process; times are the best of a few repetitions, variants are checked to
be equal.  The loss has the paper's 64 anchors and 83 candidates: `double loop` is the paper's sum
term by term, `anchor by anchor` follows the released code, row by row.

The distance is that of the paper's network at initialisation, every anchor to every candidate.
`plain` follows the paper literally, with one full pass per candidate (`relcon_plain.py`); `pair by
pair` is our network in such passes, `keys once` computes keys and values once per candidate.

Sizes are the paper's and the profile `relcon`'s.  A step of RelCon is ranking, embedding, loss,
backward and AdamW; a step of Rebuild trains the distance.  Rows `1e6 windows` multiply these unit
costs for one pass over all windows on this machine, with a fixed number of candidates per window.
"""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from machine import alone, seconds
from relcon_loops import anchor_by_anchor, double_loop
from relcon_plain import plain_distances, sparsemax_by_sorting
from torch import Tensor, nn

from rppg.dataloader.batches import Batches
from rppg.studies.relcon.data.window_store import Windows
from rppg.studies.relcon.data.windows import RATE_HZ, WINDOW
from rppg.studies.relcon.models.distance import DistanceConfig, MotionDistance, reconstruction_error
from rppg.studies.relcon.models.encoder import EncoderConfig, MotionNet
from rppg.studies.relcon.models.sparsemax import sparsemax
from rppg.studies.relcon.pretraining.objectives import Rebuild, RelCon, candidate_distances
from rppg.studies.relcon.pretraining.pair_dataset import MotionCandidates
from rppg.studies.relcon.pretraining.relcon_loss import relative_contrastive_loss

TEMPERATURE, MILLION = 0.1, 1_000_000
ANCHORS, WITHIN = 64, 20  # of a batch, the paper's
CANDIDATES = ANCHORS - 1 + WITHIN
TOLERANCE, DISTANCE_TOLERANCE = 1e-6, 1e-4  # relative
SMALL = {"widths": (16, 32, 64), "blocks": (1, 1, 2)}
SIZES = {  # encoder, distance, anchors, candidates of their hour
    "paper": ({}, {}, ANCHORS, WITHIN),
    "profile": (SMALL, {"width": 32, "bottleneck": 4, "centred": True}, 32, 5),
}
LOSSES = {
    "double loop": double_loop,
    "anchor by anchor": anchor_by_anchor,
    "ours": relative_contrastive_loss,
}
PAIRS = (2, 16)  # anchors and as many candidates of the distance alone
WAYS = ("plain", "plain, our sparsemax", "pair by pair", "keys once")  # to the distance
GAINS = [*pairwise(WAYS), (WAYS[0], WAYS[-1])]
GOALS = {
    "loss, ours apart from double loop, relative": ("at most", TOLERANCE),
    "loss, double loop over ours": ("at least", 20.0),
    "distance, plain over keys once": ("at least", 3.0),
}


def main() -> None:
    """Measure, print the table, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", nargs="*", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument(
        "--repeat", type=int, default=3, help="repetitions; one for steps of paper size"
    )
    parser.add_argument("--out", type=Path, help="CSV to write: what, value, goal")
    args = parser.parse_args()
    table = measured(args)
    print(table.to_string(index=False, float_format="%.6g"))
    if args.out:
        table.to_csv(args.out, index=False, float_format="%.6g")


def measured(args: argparse.Namespace) -> pd.DataFrame:
    """The table: what, value, goal."""
    machine = (args.device, args.threads, args.repeat)
    rows = [("threads", args.threads), *alone(measure_loss, *machine)]
    rows += alone(measure_distance, *machine)
    for size in args.sizes:
        measures = alone(measure_steps, size, *machine)
        measures += projected(dict(measures))
        rows += [(f"{size}, {what}", value) for what, value in measures]
    rows += alone(measure_candidates, args.repeat)
    table = pd.DataFrame(rows, columns=["what", "value"])
    table["goal"] = [" ".join(map(str, GOALS.get(what, ("", "")))) for what in table["what"]]
    return table


def measure_loss(device: str, threads: int, repeat: int) -> list[tuple[str, float]]:
    """Rows of the table on the loss.  Raises AssertionError if variants differ."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    similarity, distance = torch.rand(2, ANCHORS, CANDIDATES, device=device)  # (A, K)
    timed = {name: timed_loss(loss, similarity, distance, repeat) for name, loss in LOSSES.items()}
    ours_ms, ours_both_ms, *ours = timed.pop("ours")
    rows = [("loss, ours, ms", ours_ms), ("loss and gradient, ours, ms", ours_both_ms)]
    for name, (ms, both_ms, *its) in timed.items():
        aparts = [apart_relative(*pair) for pair in zip(ours, its, strict=True)]
        assert max(aparts) <= TOLERANCE, f"ours and {name} are {aparts} apart, relative"
        rows += [(f"loss, {name}, ms", ms), (f"loss and gradient, {name}, ms", both_ms)]
        rows += [(f"loss, {name} over ours", ms / ours_ms)]
        rows += [(f"loss and gradient, {name} over ours", both_ms / ours_both_ms)]
        rows += [(f"loss, ours apart from {name}, relative", aparts[0])]
        rows += [(f"gradient, ours apart from {name}, relative", aparts[1])]
    return rows


def timed_loss(loss: Callable, similarity: Tensor, distance: Tensor, repeat: int) -> tuple:
    """Milliseconds of the loss, of the loss with its gradient, and both values."""
    similarity = (2 * similarity - 1).requires_grad_()
    times = repeat * (30 if loss is relative_contrastive_loss else 1)

    def value() -> Tensor:
        return loss(similarity, distance, TEMPERATURE)

    def both() -> Tensor:
        return torch.autograd.grad(value(), similarity)[0]

    with torch.no_grad():
        alone_s = seconds(value, times, similarity.device.type)
    both_s = seconds(both, times, similarity.device.type)
    return 1000 * alone_s, 1000 * both_s, value().detach(), both()


def apart_relative(value: Tensor, expected: Tensor) -> float:
    """The largest difference, relative to the largest expected value."""
    return ((value - expected).abs().max() / expected.abs().max()).item()


def measure_distance(device: str, threads: int, repeat: int) -> list[tuple[str, float]]:
    """Rows of the table on the paper's distance.  Raises AssertionError if variants differ."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    net = MotionDistance(DistanceConfig()).to(device).eval()
    anchors, candidates = windows_g(*PAIRS).to(device)  # (A, T, 3), (K, T, 3)
    ways = {
        "plain": lambda: plain_distances(net, anchors, candidates),
        "plain, our sparsemax": lambda: plain_distances(net, anchors, candidates, sparsemax),
        "pair by pair": lambda: pair_by_pair(net, anchors, candidates),
        "keys once": lambda: net.distances(anchors, net.keys(candidates)),
    }
    expected = ways["plain"]()
    for name, way in ways.items():
        apart = apart_relative(way(), expected)
        assert apart <= DISTANCE_TOLERANCE, f"{name} and plain are {apart} apart, relative"
    pair_s = {name: seconds(way, repeat, device) / expected.numel() for name, way in ways.items()}
    rows = [(f"distance, {name}, ms a pair", 1000 * time_s) for name, time_s in pair_s.items()]
    rows += [(f"distance, {a} over {b}", pair_s[a] / pair_s[b]) for a, b in GAINS]
    logits = torch.randn(16, WINDOW, WINDOW, device=device)
    sort_s = seconds(lambda: sparsemax_by_sorting(logits), repeat, device)
    ours_s = seconds(lambda: sparsemax(logits), repeat, device)
    rows.append(("sparsemax alone, by sorting over ours", sort_s / ours_s))
    pairs_h = MILLION * CANDIDATES / 3600
    for name in ("plain", "keys once"):
        rows.append((f"1e6 windows ranked, {name}, h", pairs_h * pair_s[name]))
    return rows


@torch.no_grad()
def pair_by_pair(net: MotionDistance, anchors: Tensor, candidates: Tensor) -> Tensor:
    """Distances (A, K) by K passes of our network, each with all anchors and one candidate."""
    rebuilt = [net(anchors, candidate.expand_as(anchors)) for candidate in candidates]
    return torch.stack([reconstruction_error(one, anchors) for one in rebuilt], dim=1)


def measure_steps(size: str, device: str, threads: int, repeat: int) -> list[tuple[str, float]]:
    """Rows of the table on one size: windows per second, seconds per step."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    encoder, distance, n, c = SIZES[size]
    repeat = 1 if size == "paper" else repeat  # a step is long
    net = MotionNet(EncoderConfig(**encoder)).to(device)
    distance = MotionDistance(DistanceConfig(**distance)).to(device)
    batch = {"anchor": windows_g(n).to(device), "within": windows_g(n, c).to(device)}
    many = windows_g(256).to(device)
    with torch.no_grad():
        forward_s = seconds(lambda: net.eval()(many), repeat, device)
    ranking = partial(candidate_distances, distance, *batch.values())
    rows = [("encoder, windows embedded a second", len(many) / forward_s)]
    rows += [("RelCon, anchors a step", n), ("RelCon, candidates an anchor", n - 1 + c)]
    rows += [("RelCon, ranking of a step, s", seconds(ranking, repeat, device))]
    relcon_s = seconds(step_of(net, RelCon(distance, TEMPERATURE), batch, device), repeat, device)
    rows += [("RelCon, step, s", relcon_s), ("RelCon, anchors a second", n / relcon_s)]
    rows += [("RelCon, windows embedded a second", n * (1 + c) / relcon_s)]
    rebuild_s = seconds(step_of(distance, Rebuild(), batch, device), repeat, device)
    return [*rows, ("Rebuild, step, s", rebuild_s), ("Rebuild, windows a second", n / rebuild_s)]


def step_of(model: nn.Module, step: Callable, batch: dict, device: str) -> Callable[[], None]:
    """A function that does one training step."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
    generator = torch.Generator(device).manual_seed(0)

    def action() -> None:
        model.train()
        optimizer.zero_grad()
        loss, _ = step(model, batch, generator)
        loss.backward()
        optimizer.step()

    return action


def projected(unit: dict[str, float]) -> list[tuple[str, float]]:
    """Projected hours of one pass over a million windows, from windows per second of each part."""
    parts = {
        "embedded": "encoder, windows embedded a second",
        "learned by RelCon": "RelCon, anchors a second",
        "learned by Rebuild": "Rebuild, windows a second",
    }
    hours = {text: MILLION / unit[per_s] / 3600 for text, per_s in parts.items()}
    return [(f"1e6 windows {text}, h", time_h) for text, time_h in hours.items()]


def measure_candidates(repeat: int) -> list[tuple[str, float]]:
    """Rows of the table on a million windows of subjects with two hours each.  All share the same
    samples, so that only drawing is measured, not the disk."""
    place = np.arange(MILLION)
    hour = place // int(3600 * RATE_HZ / WINDOW)
    table = pd.DataFrame({"id": place, "dataset": "none", "session": "s", "hour": hour % 2})
    table["subject"] = (hour // 2).astype(str)
    windows = Windows(np.broadcast_to(np.float32(0), (MILLION, WINDOW, 3)), table)
    made_s = seconds(lambda: MotionCandidates(windows, WITHIN), repeat)
    stream = Batches(MotionCandidates(windows, WITHIN), ANCHORS).stream()
    drawn_s = seconds(lambda: next(stream), 10 * repeat)
    return [
        ("1e6 windows, on the disk, GB", MILLION * WINDOW * 3 * 4 / 1e9),
        ("1e6 windows, their candidates found, s", made_s),
        ("1e6 windows, a batch of the paper's size drawn, s", drawn_s),
    ]


def windows_g(*n: int) -> Tensor:
    """Windows (*n, T, 3) of gravity and noise."""
    return torch.tensor([0.0, 0.0, 1.0]) + 0.3 * torch.randn(*n, WINDOW, 3)


if __name__ == "__main__":
    sys.exit(main())
