"""The losses of one batch for a net, for perfect sines and for noise: what each of them asks for.

    batch = next(Batches(clips, batch_size=8, collate=cut_to_shortest).stream())
    nets = {"untrained": build(...), "trained": model} | references(batch)
    loss_values(SelfSupervised(), nets, batch)  # a row per loss, a column per net

The references answer every clip of a batch without looking at it:

a sine per clip    each at a rate of its own: the lowest losses that a BVP can have
one sine for all   the same rate whatever the clip, as a collapsed net
noise              white, new for every clip

Nothing here changes a net or draws from a global generator: nets are copied, and run in eval mode.
"""

from collections.abc import Mapping
from copy import deepcopy

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from rppg.datasets.prepared import FPS
from rppg.models.protocol import Objective
from rppg.utils.seeding import generator_from

PER_CLIP, FOR_ALL, NOISE = "a sine per clip", "one sine for all", "noise"
RATES_BPM = (54.0, 156.0)  # of the sines, spread over a batch
ONE_BPM = 72.0
CELLS = (2, 2)  # of a block (B, T, S, S), as many as the paper's net has
SEED = 7


class Waves(nn.Module):
    """Answers B clips (B, T, ...), or n B of them, with waves that do not depend on them.

    rates_bpm (B,): of the sines; None: white noise.  As the nets of this project it accepts rows of
    a map, and gives a block (B, T, S, S) if asked for, whose cells are equal, but for noise.
    """

    def __init__(self, rates_bpm: Tensor | None):
        super().__init__()
        self.rates_bpm, self.generator = rates_bpm, generator_from(SEED)

    def forward(self, clips: Tensor, rows: Tensor | None = None, whole_block: bool = False):
        n_clips, n_frames = clips.shape[:2]
        shape = (n_clips, n_frames, *(CELLS if whole_block else ()))
        if self.rates_bpm is None:
            return torch.randn(shape, generator=self.generator)
        rates_hz = self.rates_bpm.repeat(n_clips // len(self.rates_bpm)) / 60
        angle = 2 * torch.pi * torch.arange(n_frames) / FPS
        waves = torch.sin(rates_hz[:, None] * angle)  # (B, T)
        return waves.reshape(*waves.shape, *(1 for _ in shape[2:])).expand(shape)


def references(batch: Mapping) -> dict[str, nn.Module]:
    """The three references for a batch; sines are as much faster as its clips are (speed (B,))."""
    n_clips = len(batch["clip"])
    rates_bpm = torch.linspace(*RATES_BPM, n_clips) * batch["speed"]
    one_bpm = torch.full((n_clips,), ONE_BPM)
    return {PER_CLIP: Waves(rates_bpm), FOR_ALL: Waves(one_bpm), NOISE: Waves(None)}


@torch.no_grad()
def loss_values(
    objective: Objective, nets: Mapping[str, nn.Module], batch: Mapping, seed: int = SEED
) -> pd.DataFrame:
    """Losses of a batch on the CPU: a row per unweighted loss and "loss", their weighted sum; a
    column per net.  What an objective draws (windows, rows, distractors) is the same for every net.
    """
    columns = {}
    for name, net in nets.items():
        copy = deepcopy_of(net)
        loss, parts = objective(copy, dict(batch), generator_from(seed))
        columns[name] = {**{part: float(value) for part, value in parts.items()}, "loss": loss}
    return pd.DataFrame(columns).astype(np.float64)


def deepcopy_of(net: nn.Module) -> nn.Module:
    """A copy of a net on the CPU in eval mode."""
    if isinstance(net, Waves):
        return Waves(net.rates_bpm)  # whose generator starts anew
    return deepcopy(net).cpu().eval()
