"""Collapse check of a net that was trained without labels: does it predict a pulse?

A net can minimise the losses with a sine of its own, whatever the clip, or with a constant.  So its
self-consistency (`rppg.training.self_consistency`) is compared with that of a generator of one
fixed sine, and of white noise.  No label is read.

    >>> self_consistency = SelfConsistency(store, ids, "ratio")  # doctest: +SKIP
    >>> check = check_collapse(model, self_consistency, "ST-Transformer")  # doctest: +SKIP
    >>> check.collapsed, check.reasons  # doctest: +SKIP
    (False, [])
    >>> refuse_collapsed({"monitor": check.as_json()}, allow=False)  # doctest: +SKIP

Three rules, each over all recordings, call a run collapsed:

same HR       7 of 10 recordings or more have HRs within 6 bpm, the width of one peak; of people at
              rest (80 +- 12 bpm) it is 2 of 10
speed         when a clip is played slower, the HR follows no better than that of the sine, which
              never changes, or of the noise
noise         the in-band spectra are, in entropy, at most a fifth of the way from noise to a sine

A run that passes predicts from its clips; whether that is the pulse or some other motion in the
heart band, only labels can tell.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from rppg.datasets.prepared import FPS
from rppg.models.protocol import traits_of
from rppg.training.self_consistency import SelfConsistency, means
from rppg.utils.seeding import generator_from

SINE, NOISE = "sine generator", "noise"
SINE_BPM = 72.0
BLOCK = (2, 2)  # cells of the two generators, as many as the paper's net has
SAME_BPM = 6.0
MOST_SAME = 0.7  # share of recordings with one HR, from which on a run counts as collapsed
NOISE_SHARE = 0.8  # of the way from the sine's spectral entropy to the noise's
NOISE_SEED = 7  # what a seed is for; others have 0 to 6


@dataclass(frozen=True)
class CollapseCheck:
    """What `check_collapse` found."""

    name: str
    values: pd.DataFrame  # rows name, "sine generator", "noise"; columns those of SelfConsistency
    rates: pd.DataFrame  # (n,) recordings: id, and hr_bpm by name, "POS" and the two generators
    reasons: list[str]  # why the run counts as collapsed, in words; empty if it does not

    @property
    def collapsed(self) -> bool:
        return bool(self.reasons)

    def as_json(self) -> dict:
        """For run.json: everything except the rates; None if a value is NaN."""
        known = self.values.astype(object).where(self.values.notna(), None)
        return {
            "name": self.name,
            "collapsed": self.collapsed,
            "reasons": self.reasons,
            "n_recordings": len(self.rates),
            "values": known.to_dict(orient="index"),
        }


class SineGenerator(nn.Module):
    """The same sine of 72 bpm, whatever the clip: it minimises every loss of a single clip.

    Clips (B, T, ...), maps or crops, to BVPs (B, T), or to cells (B, T, 2, 2).
    """

    def forward(self, clips: Tensor, rows: Tensor | None = None) -> Tensor:
        times_s = torch.arange(clips.shape[1], dtype=torch.float64) / FPS
        sine = torch.sin(2 * torch.pi * SINE_BPM / 60 * times_s)
        return sine.expand(len(clips), -1)  # (B, T)

    def cells(self, clips: Tensor) -> Tensor:
        return self(clips)[..., None, None].expand(-1, -1, *BLOCK)  # (B, T, S, S)


class NoiseGenerator(nn.Module):
    """White noise, new for every clip and cell, and the same for every generator that is made."""

    def __init__(self):
        super().__init__()
        self.generator = generator_from(NOISE_SEED)

    def forward(self, clips: Tensor, rows: Tensor | None = None) -> Tensor:
        return torch.randn(clips.shape[:2], generator=self.generator)  # (B, T)

    def cells(self, clips: Tensor) -> Tensor:
        return torch.randn(clips.shape[:2] + BLOCK, generator=self.generator)  # (B, T, S, S)


def check_collapse(model: nn.Module, self_consistency: SelfConsistency, name: str) -> CollapseCheck:
    """Values of the model, called `name`, of the sine generator and of noise, and a verdict.

    Raises ValueError for fewer than two recordings, or if the name is one of the others'.
    """
    if len(self_consistency.ids) < 2:
        n = len(self_consistency.ids)
        raise ValueError(f"{n} recording to check on: expected 2 or more to compare, better 20")
    if name in (SINE, NOISE, "POS", "id"):
        raise ValueError(f"the model is called {name!r}, as what it is compared with: rename it")
    models = {name: model, SINE: SineGenerator(), NOISE: NoiseGenerator()}
    traits = traits_of(model)  # the others are evaluated as the model is
    tables = {who: self_consistency.table(one, traits) for who, one in models.items()}
    values = pd.DataFrame({who: means(table) for who, table in tables.items()}).T
    values = values[list(means(tables[name]))]  # no value of cells if the model has a single one
    rates = tables[name][["id", "pos_hr_bpm"]].rename(columns={"pos_hr_bpm": "POS"})
    rates = rates.assign(**{who: table["hr_bpm"] for who, table in tables.items()})
    rates = rates[["id", name, "POS", SINE, NOISE]]
    return CollapseCheck(
        name, values, rates, collapse_reasons(rates[name], values.loc[name], values)
    )


def collapse_reasons(hr_bpm, of_model: pd.Series, values: pd.DataFrame) -> list[str]:
    """Why a model counts as collapsed.  hr_bpm: (n,), NaN if a predicted BVP is flat; of_model: its
    row of values."""
    sine, noise = values.loc[SINE], values.loc[NOISE]
    reasons = []
    share, rate_bpm = same_rate(hr_bpm)
    if share >= MOST_SAME:
        what = f"the same rate within {SAME_BPM:g} bpm, about {rate_bpm:.0f} bpm"
        what = "a flat wave" if np.isnan(rate_bpm) else what
        found = f"{share:.0%} of {len(hr_bpm)} recordings have {what}"
        reasons.append(f"{found}, collapsed from {MOST_SAME:.0%} on")
    column = "speed_disagreement_bpm"
    limit, found = min(sine[column], noise[column]), of_model[column]
    if found >= limit:
        text = f"rates are {found:.1f} bpm off when a clip is played slower"
        who = SINE if sine[column] == limit else NOISE
        reasons.append(f"{text}, no better than the {limit:.1f} bpm of the {who}")
    column = "spectral_entropy"
    limit = sine[column] + NOISE_SHARE * (noise[column] - sine[column])
    if of_model[column] >= limit:
        text = f"spectra are as flat as noise: entropy {of_model[column]:.2f}, collapsed from"
        ends = f"a sine has {sine[column]:.2f}, noise {noise[column]:.2f}"
        reasons.append(f"{text} {limit:.2f} on ({ends})")
    return reasons


def same_rate(hr_bpm) -> tuple[float, float]:
    """Largest share of HRs (n,) that lie within 6 bpm of each other, and their mean in bpm; missing
    ones (NaN) count as alike, too."""
    rates = np.sort(np.asarray(hr_bpm, dtype=float))
    known = rates[np.isfinite(rates)]
    n_alike = np.searchsorted(known, known + SAME_BPM, side="right") - np.arange(len(known))
    n_flat = len(rates) - len(known)
    if n_flat >= n_alike.max(initial=0):
        return n_flat / len(rates), np.nan
    first = int(n_alike.argmax())
    n = int(n_alike[first])
    return n / len(rates), float(known[first : first + n].mean())


def refuse_collapsed(run_json: dict, allow: bool) -> None:
    """Raise ValueError for a run whose run.json says that it has collapsed, unless allowed, and for
    one whose run.json does not say."""
    check = run_json.get("monitor")
    if not isinstance(check, dict) or not check.keys() >= {"collapsed", "name", "reasons"}:
        text = "run.json has no entry 'monitor': it is unknown whether that run collapsed"
        raise ValueError(f"{text}: pre-train again")
    if check["collapsed"] and not allow:
        text = f"the run {check['name']!r} has collapsed: {'; '.join(map(str, check['reasons']))}"
        advice = "pre-train with other settings or another seed, or allow a collapsed parent"
        raise ValueError(f"{text}. {advice.capitalize()}")
