"""Recordings with a known pulse, and models whose answers are known, for tests without labels."""

import numpy as np
import torch
from torch import nn

from rppg.datasets.store import Store

FPS = 30.0
HR_BPM = {"A/1/a": 43.0, "A/2/b": 66.0, "A/3/c": 90.0, "B/1/d": 120.0, "B/2/e": 150.0}
SIGNATURE = np.array([0.33, 0.77, 0.53, 0.6, 0.1, 0.1])  # of the pulse in R, G, B, Y, U, V


def write_recording(root, id, hr_bpm, n_frames=330, noise=0.05, flat=False, side=2, wide=None):
    """A recording whose maps, and crops of `side` pixels, beat at hr_bpm under a little noise; with
    wide crops of so many pixels where asked."""
    rng = np.random.default_rng(round(hr_bpm))
    beat = np.sin(2 * np.pi * hr_bpm / 60 * np.arange(n_frames) / FPS)
    maps = 100 * (1 - 0.02 * beat[:, None, None] * np.broadcast_to(SIGNATURE, (63, 6)))
    maps = maps + noise * rng.standard_normal(maps.shape)
    if flat:
        maps = np.full_like(maps, 100.0)
    with Store(root).begin(id) as writer:
        writer.save("mstmap", maps.astype(np.float32))
        writer.save("face", beating_crops(beat, side, rng))
        if wide is not None:
            writer.save("wide", beating_crops(beat, wide, rng))
        writer.save("bvp", beat.astype(np.float32))
        meta = {"id": id, "status": "ok", "n_frames": n_frames, "hr_true_bpm": hr_bpm}
        writer.commit(meta | {"gaps_s": [], "origin": "synthetic"})


def beating_crops(beat, side, rng):
    """(T, side, side, 3) uint8: grey that the beat darkens by 2 levels, under noise of one."""
    crops = 100 - 2 * beat[:, None, None, None] + rng.standard_normal((len(beat), side, side, 3))
    return crops.round().astype(np.uint8)


def write_store(root, rates=HR_BPM, **options):
    for id, hr_bpm in rates.items():
        write_recording(root, id, hr_bpm, **options)
    return Store(root)


class Answer(nn.Module):
    """Clips (B, T, N, C), or those rows of them, to `answer(clips)`, waves (B, T)."""

    takes_rows = True

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, clips, rows=None):
        return self.answer(clips)


def pulse_in(clips):
    """What a good model says: the mean of green over rows."""
    return clips[..., 1].mean(dim=2)


def constant(clips):
    return torch.full(clips.shape[:2], 0.3)


def same_sine(clips, hr_bpm=72.0):
    times_s = torch.arange(clips.shape[1]) / FPS
    return torch.sin(2 * torch.pi * hr_bpm / 60 * times_s).expand(len(clips), -1)


class OnlyClips(nn.Module):
    """Clips (B, T, ...) to `answer(clips)`, waves (B, T): a net with none of the optional parts."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, clips):
        return self.answer(clips)


class Cells(nn.Module):
    """Faces (B, T, H, W, 3) to the mean green of block x block cells, or to the mean of these."""

    pads_time = True

    def __init__(self, block=2):
        super().__init__()
        self.block = block

    def forward(self, clips, whole_block=False):
        green = clips[..., 1].double()  # (B, T, H, W)
        cells = nn.functional.adaptive_avg_pool2d(green, self.block)  # (B, T, S, S)
        return cells if whole_block else cells.mean(dim=(2, 3))

    def cells(self, clips):
        return self(clips, whole_block=True)
