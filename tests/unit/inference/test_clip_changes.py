"""Changed copies of clips that vote: each gives the BVP of the plain clip back."""

import numpy as np
import pytest
import torch
from helpers.prepared_recordings import mstmap_of, put
from torch import nn

from rppg.datasets.store import Store
from rppg.inference.clip_changes import CHANGES, changed_nets
from rppg.inference.sliding_window import predict_model
from rppg.workflow.parameter_values import CHOICES

T, FPS = 240, 30.0


class Brightness(nn.Module):
    """The mean of the left half of crops (B, T, H, W, 3), or of the green of maps."""

    def __init__(self, takes_rows: bool = False):
        super().__init__()
        self.takes_rows, self.shapes = takes_rows, []

    def forward(self, clips, *rows):
        self.shapes.append(tuple(clips.shape))
        if clips.ndim == 4:
            return clips[..., 1].mean(dim=2)
        return clips[:, :, :, : clips.shape[3] // 2].mean(dim=(2, 3, 4))


class Onset(nn.Module):
    """The green of maps in the first half of a clip: a reversed clip shows its other end."""

    def forward(self, clips):
        green = clips[..., 1].mean(dim=2)
        green = green - green.mean(dim=1, keepdim=True)
        return green * (torch.arange(green.shape[1]) < green.shape[1] // 2)


def crops(rate_hz: float = 1.2):
    """Faces (2, T, 4, 8, 3) with a pulse on the left half, and none on the right."""
    pulse = torch.sin(2 * torch.pi * rate_hz * torch.arange(T) / FPS)
    clips = torch.full((2, T, 4, 8, 3), 100.0)
    clips[:, :, :, :4] += pulse[None, :, None, None, None]
    return clips, pulse + 100


@pytest.mark.parametrize("name", ["reversed", "slower", "faster"])
def test_the_pulse_comes_back_in_its_own_time(name):
    clips, pulse = crops()
    plain, changed = (net(clips) for net in changed_nets(Brightness(), [name]))
    assert changed.shape == plain.shape == (2, T)
    assert torch.allclose(changed[0], pulse, atol=0.03)


def test_slower_clips_are_longer_and_faster_ones_shorter():
    net = Brightness()
    for one in changed_nets(net, ["slower", "faster"]):
        one(crops()[0])
    assert [shape[1] for shape in net.shapes] == [240, 268, 220]  # fours of frames


def test_a_mirrored_face_shows_its_other_side():
    clips, pulse = crops()
    plain, mirrored = (net(clips)[0] for net in changed_nets(Brightness(), ["mirrored"]))
    assert torch.allclose(plain, pulse, atol=1e-4) and mirrored.std() < 1e-4


def test_bytes_of_stored_crops_are_played_too():
    clips = torch.randint(0, 255, (1, T, 4, 4, 3), dtype=torch.uint8)
    net = changed_nets(nn.Identity(), ["faster"])[1]
    assert net.clip(clips).dtype == torch.float32


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["backwards"], "no change 'backwards' of clips, expected reversed, mirrored"),
        (["reversed", "reversed"], "expected each once"),
        (["faster"], "Brightness sees maps, whose clips cannot be faster"),
    ],
)
def test_wrong_changes_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        changed_nets(Brightness(takes_rows=True), changes)


def test_profiles_may_name_all_changes_and_no_others():
    assert CHOICES["test_time"] == tuple(CHANGES)


def test_the_changed_clips_vote_with_the_plain_ones(tmp_path):
    store = Store(tmp_path / "prepared")
    maps = np.concatenate([mstmap_of(75, n_frames=300), mstmap_of(100, n_frames=300)])
    put(store, "a/1/long", maps)
    given = {"normalise": None, "n_frames": 600}
    plain = predict_model(store, ["a/1/long"], Onset(), "net", **given).iloc[0]
    both = predict_model(store, ["a/1/long"], Onset(), "net", **given, changes=["reversed"]).iloc[0]
    assert plain["hr_bpm"] == pytest.approx(75, abs=2)
    peaks = [both["power"][np.abs(60 * both["freq_hz"] - rate).argmin()] for rate in (75, 100)]
    assert peaks[1] > 0.3 * peaks[0], "the other end of the clip has no vote"
    assert plain["power"][np.abs(60 * plain["freq_hz"] - 100).argmin()] < 0.1 * peaks[1]
