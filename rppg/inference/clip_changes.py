"""Test-time augmentation: BVPs of changed copies of each clip, which vote with the plain one's.

    nets = changed_nets(net, ["mirrored", "faster"])   # the net itself is the first of three
    table = predict_model(store, ids, net, "net", changes=["mirrored", "faster"], **inputs)

Every change costs as much as the plain prediction; docs/ensemble.md says what each brings.
"""

from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torch.nn.functional import interpolate

from rppg.models.protocol import traits_of

POOLED = 4  # the nets that see crops halve time twice
Change = tuple[Callable[[Tensor], Tensor], Callable[[Tensor, int], Tensor]]


class Changed(nn.Module):
    """A net on changed clips (B, T, ...), whose BVPs (B, T') are changed back to (B, T)."""

    def __init__(self, net: nn.Module, clip: Callable, wave: Callable):
        super().__init__()
        self.net, self.clip, self.wave = net, clip, wave

    def forward(self, clips: Tensor, *rows: Tensor) -> Tensor:
        return self.wave(self.net(self.clip(clips), *rows), clips.shape[1])


def played(speed: float) -> Callable[[Tensor], Tensor]:
    """A change of clips (B, T, ...) to another speed, about T / speed frames long."""

    def change(clips: Tensor) -> Tensor:
        n_frames = round(clips.shape[1] / speed / POOLED) * POOLED
        flat = clips.flatten(2).transpose(1, 2)  # (B, T, ...) -> (B, C, T)
        flat = as_long(flat.float(), n_frames)  # (B, C, T')
        return flat.transpose(1, 2).reshape(len(clips), n_frames, *clips.shape[2:])

    return change


def as_long(waves: Tensor, n_frames: int) -> Tensor:
    """(..., C, T) or (B, T) stretched to n_frames, linear in time."""
    if waves.ndim == 2:
        return as_long(waves[:, None], n_frames)[:, 0]
    return interpolate(waves, size=n_frames, mode="linear", align_corners=True)


def _same(wave: Tensor, n_frames: int) -> Tensor:
    return wave


CHANGES: dict[str, Change] = {
    "reversed": (lambda clips: clips.flip(1), lambda wave, n_frames: wave.flip(1)),
    "mirrored": (lambda clips: clips.flip(3), _same),
    "slower": (played(0.9), as_long),
    "faster": (played(1.1), as_long),
}
OF_CROPS = ("mirrored", "slower", "faster")  # a map's net takes clips of one length, and rows


def changed_nets(net: nn.Module, changes: Sequence[str] = ()) -> list[nn.Module]:
    """The net, then one for each change.

    Raises ValueError for an unknown change, one that is named twice, and one of crops for a net
    that sees maps.
    """
    if unknown := [name for name in changes if name not in CHANGES]:
        raise ValueError(f"no change {unknown[0]!r} of clips, expected {', '.join(CHANGES)}")
    if len(set(changes)) < len(changes):
        raise ValueError(f"changes are {', '.join(changes)}, expected each once")
    if traits_of(net).takes_rows and (wrong := [name for name in changes if name in OF_CROPS]):
        found = f"{type(net).__name__} sees maps, whose clips cannot be {wrong[0]}"
        raise ValueError(f"{found}: of {', '.join(CHANGES)} only reversed is for maps")
    return [net, *(Changed(net, *CHANGES[name]) for name in changes)]
