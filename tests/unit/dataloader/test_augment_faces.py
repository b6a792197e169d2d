"""Augmentation of face crops: distractors, mirroring, time reversal."""

import numpy as np
import pytest
import torch

from rppg.dataloader.augment import FaceAugmentation
from rppg.dataloader.distractors import with_distractors
from rppg.signals.spectrum import power_spectrum

T, SIDE = 300, 16


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def plain_crops():
    return torch.tensor([180.0, 120.0, 90.0]).expand(T, SIDE, SIDE, 3)


def peak_hz(wave):
    freq_hz, power = power_spectrum(wave[None].double(), 30.0, 5400)
    return freq_hz[power[0].argmax()].item()


def disturbed(crops, speed=1.0, seed=0):
    clips, rates_hz = with_distractors(crops[None], torch.tensor([speed]), generator(seed))
    return clips[0], rates_hz.item()


def kinds(n=40):
    """Seeds whose plain crop is lit, and those whose is moved, which does not show on it."""
    moves = [torch.allclose(disturbed(plain_crops(), seed=k)[0], plain_crops()) for k in range(n)]
    return [k for k in range(n) if not moves[k]], [k for k in range(n) if moves[k]]


def test_part_of_the_face_changes_at_the_returned_rate():
    for seed in (lit := kinds()[0]):
        crops, rate_hz = disturbed(plain_crops(), seed=seed)
        assert 0.66 <= rate_hz <= 3.0
        swing = (crops.std(dim=0) / plain_crops()[0]).amax(dim=-1)  # (H, W)
        assert 0.001 < swing.max() < 0.15
        assert swing.min() < 0.7 * swing.max(), "all of the face is lit alike"
        seen = crops.flatten(1, 2)[:, int(swing.argmax())]  # (T, 3)
        colour = int((seen.std(dim=0) / seen.mean(dim=0)).argmax())  # a tint may spare one
        assert peak_hz(seen[:, colour]) == pytest.approx(rate_hz, abs=0.05)
        half = disturbed(plain_crops() / 2, seed=seed)[0]
        torch.testing.assert_close(half, crops / 2)
    assert 8 <= len(lit) <= 32, "lights and nods are as likely"


def test_a_nodding_face_moves_at_the_returned_rate_by_less_than_a_tenth():
    ramp = torch.linspace(50, 200, SIDE)
    right, down = ramp.expand(SIDE, SIDE), ramp[:, None].expand(SIDE, SIDE)
    crops = torch.stack([right, down, torch.full((SIDE, SIDE), 90.0)], dim=-1).expand(T, -1, -1, -1)
    for seed in kinds()[1]:
        moved, rate_hz = disturbed(crops, seed=seed)
        torch.testing.assert_close(moved[..., 2], crops[..., 2])
        places = (moved - crops)[:, SIDE // 2, SIDE // 2, :2] / (ramp[1] - ramp[0])  # pixels
        assert 0.001 < places.norm(dim=1).max() / SIDE < 0.1
        axis = int(places.std(dim=0).argmax())
        assert peak_hz(places[:, axis]) == pytest.approx(rate_hz, abs=0.05)


def test_each_clip_has_its_own_distractor_and_its_rate_scales_with_the_speed():
    clips = plain_crops().expand(3, -1, -1, -1, -1).to(torch.uint8)
    found, rates_hz = with_distractors(clips, torch.ones(3), generator())
    assert found.shape == clips.shape and found.dtype == torch.float32
    assert rates_hz.unique().numel() == 3
    slow, slow_hz = with_distractors(clips, torch.tensor([1.0, 0.5, 1.0]), generator())
    assert slow_hz[1] == rates_hz[1] / 2 and slow_hz[2] == rates_hz[2]
    assert torch.equal(slow[2], found[2]) and not torch.equal(slow[1], found[1])


def test_other_shapes_than_batches_of_crops_are_refused():
    with pytest.raises(ValueError, match=r"expected crops \(B, T, H, W, 3\) and speeds \(B,\)"):
        with_distractors(plain_crops(), torch.ones(1), generator())


def test_mirroring_keeps_the_bvp_and_time_reversal_reverses_it():
    clip = torch.rand(T, 4, 4, 3, generator=generator())
    item = {"clip": clip, "wave": torch.arange(T), "id": "A/1/a"}
    mirrored = FaceAugmentation(flip_time=0.0, mirror=1.0)(item, generator())
    assert torch.equal(mirrored["clip"], clip.flip(2))
    assert torch.equal(mirrored["wave"], item["wave"])
    backward = FaceAugmentation(flip_time=1.0, mirror=0.0)(item, generator())
    assert torch.equal(backward["clip"], clip.flip(0))
    assert torch.equal(backward["wave"], item["wave"].flip(0))
    turned = FaceAugmentation(flip_time=0.0, mirror=0.0, upside_down=1.0)(item, generator())
    assert torch.equal(turned["clip"], clip.flip(1))
    assert torch.equal(turned["wave"], item["wave"])
    assert backward["id"] == "A/1/a" and "wave" not in FaceAugmentation()(
        {"clip": clip}, generator()
    )


def test_half_of_the_faces_are_mirrored_and_half_reversed_in_time():
    clip = torch.rand(5, 2, 2, 3, generator=generator())
    changed = [FaceAugmentation()({"clip": clip}, generator(seed))["clip"] for seed in range(400)]
    kinds = {"plain": clip, "mirror": clip.flip(2), "time": clip.flip(0), "both": clip.flip(0, 2)}
    for name, kind in kinds.items():
        share = np.mean([torch.equal(one, kind) for one in changed])
        assert 0.18 < share < 0.32, f"{name}: {share}"


def test_the_papers_flips_of_faces_are_horizontal_and_vertical_each_of_half_of_the_clips():
    clip, paper = torch.rand(5, 2, 2, 3, generator=generator()), FaceAugmentation(0.0, 0.5, 0.5)
    changed = [paper({"clip": clip}, generator(seed))["clip"] for seed in range(400)]
    kinds = {"plain": [], "horizontal": [2], "vertical": [1], "both": [1, 2]}
    for name, axes in kinds.items():
        kind = clip.flip(axes) if axes else clip
        share = np.mean([torch.equal(one, kind) for one in changed])
        assert 0.18 < share < 0.32, f"{name}: {share}"


def test_a_chance_of_being_turned_does_not_change_who_is_mirrored():
    clip = torch.rand(5, 2, 2, 3, generator=generator())
    for seed in range(50):
        plain = FaceAugmentation()({"clip": clip}, generator(seed))["clip"]
        turned = FaceAugmentation(upside_down=1.0)({"clip": clip}, generator(seed))["clip"]
        assert torch.equal(turned, plain.flip(1))


def test_maps_and_invalid_probabilities_are_refused():
    with pytest.raises(ValueError, match=r"expected face crops \(T, H, W, 3\), found \(5, 63, 6\)"):
        FaceAugmentation()({"clip": torch.zeros(5, 63, 6)}, generator())
    with pytest.raises(ValueError, match="mirror is 1.5, expected 0 to 1"):
        FaceAugmentation(mirror=1.5)
    with pytest.raises(ValueError, match="upside_down is -0.1, expected 0 to 1"):
        FaceAugmentation(upside_down=-0.1)
