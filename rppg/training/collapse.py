"""Is what a net learned without labels a pulse, or did it collapse?

A net may answer the losses with a sine of its own, whatever it sees, or with nothing at all.  So
its label-free values (`rppg.training.self_consistency`) stand beside those of a generator that always
says the same sine, and of white noise.  No label is read.

    >>> found = check_collapse(model, SelfConsistency(store, ids, "ratio"), "ST-Transformer")  # doctest: +SKIP
    >>> found.collapsed, found.reasons  # doctest: +SKIP
    (False, [])
    >>> refuse_collapsed({"monitor": found.as_json()}, allow=False)  # doctest: +SKIP

A run is called collapsed by three rules, each about the recordings together:

same rate     7 of 10 recordings or more have rates within 6 bpm, the width of one peak; of people
              at rest (80 +- 12 bpm) it is 2 of 10
speed         when a clip is played slower, its rate changes no better than the sine's, which never
              changes, or the noise's
noise         the in-band spectra are, in entropy, at most a fifth of the way from noise to a sine

A run that passes has waves that come from its clips; whether it is the pulse or some other motion
in the heart band, only labels say.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from rppg.datasets.prepared import FPS
from rppg.training.self_consistency import SelfConsistency, means
from rppg.utils.seeding import generator_from

SINE, NOISE = "sine generator", "noise"
SINE_BPM = 72.0
BLOCK = (2, 2)  # cells of the two that do not look, as many as the paper's net has
SAME_BPM = 6.0
MOST_SAME = 0.7  # share of recordings with one rate, from which on they hardly differ
NOISE_SHARE = 0.8  # of the way from the sine's spectral entropy to the noise's
NOISE_SEED = 7  # what a seed is for; others have 0 to 6


@dataclass(frozen=True)
class CollapseCheck:
    """What `check_collapse` found."""

    name: str
    values: (
        pd.DataFrame
    )  # rows name, "sine generator", "noise"; a column a value of SelfConsistency
    rates: pd.DataFrame  # (n,) recordings: id, and hr_bpm by name, "POS" and the two
    reasons: list[str]  # why the run counts as collapsed, in words; empty where it does not

    @property
    def collapsed(self) -> bool:
        return bool(self.reasons)

    def as_json(self) -> dict:
        """For run.json: everything but the rates; None where a value is not known."""
        known = self.values.astype(object).where(self.values.notna(), None)
        return {
            "name": self.name,
            "collapsed": self.collapsed,
            "reasons": self.reasons,
            "n_recordings": len(self.rates),
            "values": known.to_dict(orient="index"),
        }


class SineGenerator(nn.Module):
    """The same sine of 72 bpm, whatever it sees: the perfect answer to losses of one clip.

    Clips (B, T, ...), maps or faces, to waves (B, T), or to a block (B, T, 2, 2) of them.
    """

    def forward(self, clips: Tensor, rows: Tensor | None = None, whole_block: bool = False):
        times_s = torch.arange(clips.shape[1], dtype=torch.float64) / FPS
        wave = torch.sin(2 * torch.pi * SINE_BPM / 60 * times_s)
        if whole_block:
            return wave[:, None, None].expand(len(clips), -1, *BLOCK)  # (B, T, S, S)
        return wave.expand(len(clips), -1)  # (B, T)


class NoiseGenerator(nn.Module):
    """White noise, new for every clip and cell, and the same for every generator that is made."""

    def __init__(self):
        super().__init__()
        self.generator = generator_from(NOISE_SEED)

    def forward(self, clips: Tensor, rows: Tensor | None = None, whole_block: bool = False):
        shape = clips.shape[:2] + BLOCK if whole_block else clips.shape[:2]
        return torch.randn(shape, generator=self.generator)  # (B, T) or (B, T, S, S)


def check_collapse(model: nn.Module, self_consistency: SelfConsistency, name: str) -> CollapseCheck:
    """Values of the model, called `name`, of the sine generator and of noise, and a verdict.

    Raises ValueError where there are fewer than two recordings, or the name is one of the others'.
    """
    if len(self_consistency.ids) < 2:
        found = f"{len(self_consistency.ids)} recording to look at"
        raise ValueError(f"{found}: whether rates differ is seen from two on, better 20")
    if name in (SINE, NOISE, "POS", "id"):
        raise ValueError(f"the model is called {name!r}, as what it is compared with: rename it")
    models = {name: model, SINE: SineGenerator(), NOISE: NoiseGenerator()}
    tables = {who: self_consistency.table(one) for who, one in models.items()}
    values = pd.DataFrame({who: means(table) for who, table in tables.items()}).T
    values = values[list(means(tables[name]))]  # what the model lacks is not asked of the others
    rates = tables[name][["id", "pos_hr_bpm"]].rename(columns={"pos_hr_bpm": "POS"})
    rates = rates.assign(**{who: table["hr_bpm"] for who, table in tables.items()})
    rates = rates[["id", name, "POS", SINE, NOISE]]
    return CollapseCheck(
        name, values, rates, collapse_reasons(rates[name], values.loc[name], values)
    )


def collapse_reasons(hr_bpm, of_model: pd.Series, values: pd.DataFrame) -> list[str]:
    """Why a model counts as collapsed.  hr_bpm: (n,) its rates, NaN where a wave is flat; of_model:
    its row of values."""
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
    """Largest share of rates (n,) that lie within 6 bpm of each other, and their mean in bpm; those
    without a rate (NaN) count as alike, too."""
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
    one that says nothing of it."""
    found = run_json.get("monitor")
    if found is None:
        text = "run.json has no entry 'monitor', so nobody knows whether that run collapsed"
        raise ValueError(f"{text}: pre-train again")
    if found["collapsed"] and not allow:
        text = f"the run {found['name']!r} has collapsed: {'; '.join(found['reasons'])}"
        advice = "pre-train with other settings or another seed, or allow a collapsed parent"
        raise ValueError(f"{text}. {advice.capitalize()}")
