"""Drawn faces whose every pixel beats at a known rate, to learn from, and a run that breaks off."""

import torch

from rppg.signals.heart_rate import heart_rate

FPS = 30.0
SIDE = 16
RATES_BPM = (54.0, 75.0, 102.0, 132.0)
COLOUR = torch.tensor([0.33, 0.77, 0.53])  # of the pulse in R, G, B


class BeatingFaces:
    """Crops of known rates; each `draw` puts them under a noise of its own: of each pixel, and of a
    light as strong as the pulse in each frame.  labelled: whether items have the contact wave."""

    def __init__(self, n_frames, labelled=False):
        times_s = torch.arange(n_frames) / FPS
        beats = [torch.sin(2 * torch.pi * bpm / 60 * times_s + bpm) for bpm in RATES_BPM]
        self.waves, self.labelled = torch.stack(beats), labelled  # (4, T)

    def __len__(self):
        return len(RATES_BPM)

    def clips(self, seed=5):
        """All of them under one noise, (4, T, 16, 16, 3)."""
        generator = torch.Generator().manual_seed(seed)
        return torch.stack([self.sample(k, generator)["clip"] for k in range(len(self))])

    def sample(self, index, generator):
        wave = self.waves[index]
        pulse = -2 * wave[:, None, None, None] * COLOUR
        light = 2 * torch.randn((len(wave), 1, 1, 1), generator=generator)
        noise = 2 * torch.randn((len(wave), SIDE, SIDE, 3), generator=generator)
        item = {"clip": 120 + pulse + light + noise, "speed": torch.ones(()), "id": f"A/{index}/a"}
        if not self.labelled:
            return item
        known = {"has_wave": torch.tensor(True), "has_hr": torch.tensor(False)}
        return item | known | {"wave": wave, "hr_bpm": torch.tensor(torch.nan)}


def rates_of(model, faces):
    """What a model says of their clips, bpm."""
    with torch.no_grad():
        return [heart_rate(wave.double().numpy(), FPS).hr_bpm for wave in model(faces.clips())]


def breaking_at(number, step):
    """The step, but an error in batch `number` of this session, from 1."""
    calls = []

    def acting(*arguments):
        calls.append(1)
        if len(calls) == number:
            raise RuntimeError("power cut")
        return step(*arguments)

    return acting
