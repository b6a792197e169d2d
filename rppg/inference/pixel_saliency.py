"""Where on a face a prediction comes from: the BVPs of its cells, and the saliency of its pixels.

clips (B, T, H, W, 3) as the store has them or averaged down; models with cells (`HasCells`), such
as PhysNet, and for `looks` those with a saliency sampler (`HasSaliency`).

    >>> from rppg.models.contrast_phys.physnet import PhysNet, PhysNetConfig
    >>> model = PhysNet(PhysNetConfig(size=32, width=4))
    >>> clip = 255 * torch.rand(1, 60, 32, 32, 3)
    >>> block_waves(model, clip).shape, input_gradient(model, clip).shape
    (torch.Size([4, 60]), torch.Size([32, 32]))

For a figure, `plot_block` of rppg.plotting.saliency:

    >>> clips = Clips(store, [id], "face", size=32)  # doctest: +SKIP
    >>> clip = clips[clips.first(id)]["clip"][None]  # doctest: +SKIP
    >>> seen = seen_in_clip(model, clip)  # doctest: +SKIP
    >>> crop = crop_of(store, id, "face")  # doctest: +SKIP
    >>> plot_block(crop, **seen, hr_true_bpm=72, title=id, origin=origin)  # doctest: +SKIP
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from rppg.dataloader.arrays import ARRAYS
from rppg.dataloader.clips import Clips
from rppg.datasets.prepared import FPS
from rppg.datasets.store import Store
from rppg.inference.sliding_window import cell_waves, device_of, rate_of
from rppg.models.protocol import HasCells, HasSaliency
from rppg.signals.spectrum import HEART_BAND_HZ, crop_band, power_spectrum
from rppg.utils.atomic import atomic_write


def seen_in_clip(model: HasCells, clip: Tensor) -> dict:
    """What a figure of one clip (1, T, H, W, 3) needs: waves, the BVPs (S S, T) of the cells, and
    fps; found, the HeartRate of each and, last, of their mean; saliency (H, W).

    found has None for a BVP without a heart rate, if it is flat or shorter than 3 s; saliency is
    None if the mean has none.  Otherwise as block_waves and input_gradient.
    """
    waves = block_waves(model, clip).double().numpy()
    rates = [rate_of(wave) for wave in (*waves, waves.mean(axis=0))]
    saliency = None if rates[-1] is None else input_gradient(model, clip).numpy()
    return {"waves": waves, "found": rates, "fps": FPS, "saliency": saliency}


def crop_of(store: Store, id: str, array: str) -> np.ndarray:
    """A crop (H, W, 3) uint8 of a recording to draw on: its preview frame as a net that sees
    `array` sees it, or the face for a net that sees maps.  Raises ValueError for a recording that
    was prepared without wide crops."""
    recording = store.open(id)
    crops = getattr(recording, ARRAYS[array].preview)
    return np.array(crops[recording.meta["preview_frame"]])


def looks(store: Store, ids: Iterable[str], model: HasSaliency, **inputs) -> list[dict]:
    """What a model with a saliency sampler does to the first clip of each recording, as a dict: id;
    crop (H, W, 3) uint8, the clip's first frame as prepared; saliency (G, G), the mean of the
    clip's maps; warped (H', W', 3) uint8, its first frame behind the sampler.

    inputs: as in `Clips`.  Raises ValueError for a model without a sampler.
    """
    clips, rows = Clips(store, ids, **inputs), []
    first = {place.id: place for place in reversed(clips.sliding_windows())}
    for id, place in sorted(first.items()):
        maps, warped = model.look(clips[place]["clip"][None])
        crop = np.array(getattr(store.open(id), clips.array)[place.start])
        frame = warped[0].clamp(0, 255).round().byte().numpy()
        one = {"id": id, "crop": crop, "saliency": maps.mean(dim=0).numpy()}
        rows.append(one | {"warped": frame})
    return rows


def save_looks(path: Path, seen: Sequence[dict], block: Sequence[int], most: int = 8) -> Path:
    """Write up to `most` looks as an .npz file, whole or not at all: ids, crops, saliency, warped,
    and block, (x, y, width, height) of what flashes in the crops, or nothing."""
    keys = {"ids": "id", "crops": "crop", "saliency": "saliency", "warped": "warped"}
    arrays = {name: np.stack([one[key] for one in seen[:most]]) for name, key in keys.items()}

    def write(part: Path) -> None:
        with part.open("wb") as file:  # a name alone would get the ending .npz
            np.savez(file, **arrays, block=np.array(block))

    return atomic_write(path, write)


@torch.no_grad()
def block_waves(model: HasCells, clip: Tensor) -> Tensor:
    """BVPs (S S, T) of the cells of one clip (1, T, H, W, 3), row by row, on the CPU.

    The model runs on its own device and is left in eval mode.  Raises ValueError for several clips,
    TypeError for a model without cells.
    """
    _refuse_several(clip)
    if not isinstance(model, HasCells):
        raise TypeError(f"{type(model).__name__} has no cells (HasCells of models/protocol.py)")
    return cell_waves(model.eval(), clip)[0]


def input_gradient(model: nn.Module, clip: Tensor) -> Tensor:
    """How much each pixel moves the BVP's heart-band power: (1, T, H, W, 3) -> (H, W), >= 0, CPU.

    The absolute gradient of the logarithm of the BVP's power in 40-180 bpm with respect to the
    clip, as a mean over frames and channels: the image-specific saliency of Simonyan et al. (ICLR
    workshop 2014, arXiv:1312.6034, section 3), there of a class score and its largest channel.
    Being of the logarithm, it does not depend on the BVP's scale.  The BVP is under a Hann window,
    as in predictions, so that the padded ends of a clip do not count.  The model runs on its own
    device and is left in eval mode; its parameters get no gradient.  Raises ValueError for several
    clips, and if the BVP has no power in the band, as a flat one.
    """
    _refuse_several(clip)
    model.eval()
    pixels = clip.to(device_of(model)).float().detach().requires_grad_()
    with torch.enable_grad():
        wave = model(pixels)[0].float()  # (T,)
        inner = (wave - wave.mean()) * torch.hann_window(len(wave), False, device=wave.device)
        power = crop_band(*power_spectrum(inner, FPS), HEART_BAND_HZ)[1].sum()
        if not power > 0:
            text = "expected a BVP that is not flat"
            raise ValueError(f"power {power.item()} in the heart band, {text}: look at the clip")
        gradient = torch.autograd.grad(power.log(), pixels)[0]  # (1, T, H, W, 3)
    return gradient.abs().mean(dim=(0, 1, 4)).cpu()  # (H, W)


def _refuse_several(clip: Tensor) -> None:
    if clip.ndim != 5 or len(clip) != 1:
        raise ValueError(f"expected one clip (1, T, H, W, 3), found {tuple(clip.shape)}")
