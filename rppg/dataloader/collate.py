"""Batches of recordings that are not equally long: cut to the shortest, or read as long as it.

    batches = Batches(clips, batch_size=4, collate=cut_to_shortest)
    clips = equally_long(partial(Clips, store, ids), n_frames=300)

A recording of 10 s holds 10 s of pulse, and at 1.4 times its speed they last 7.1 s.  Such a clip
has fewer frames than n_frames (`rppg.dataloader.clips.Clips.sample`), and the other clips of its
batch are cut to its length; the losses read the length from the batch.

    >>> import torch
    >>> batch = cut_to_shortest([{"clip": torch.zeros(n, 63, 6), "speed": 1.0} for n in (300, 214)])
    >>> batch["clip"].shape
    torch.Size([2, 214, 63, 6])
"""

from collections.abc import Callable, Sequence

from torch.utils.data import default_collate

from rppg.dataloader.clips import Clips
from rppg.dataloader.stretches import longest, nearly

IN_TIME = ("clip", "wave")  # what has a frame axis, the first


def cut_to_shortest(samples: Sequence[dict]) -> dict:
    """default_collate of items of `Clips`, each cut to the first frames of its clip and BVP, as
    many as the shortest one has.

    Processes that share a batch cut their own part of it.
    """
    n_frames = min(len(sample["clip"]) for sample in samples)
    return default_collate(
        [
            sample | {name: sample[name][:n_frames] for name in IN_TIME if name in sample}
            for sample in samples
        ]
    )


def equally_long(of_clips: Callable[..., Clips], n_frames: int) -> Clips:
    """Clips that are one stack: of n_frames, or as long as the shortest recording that has nearly
    as many.

    of_clips: gets n_frames and shortest, as `Clips`, and raises what that raises.
    """
    found = of_clips(n_frames=n_frames, shortest=nearly(n_frames))
    n_frames = min(n_frames, *map(longest, found.stretches.values()))
    return of_clips(n_frames=n_frames, shortest=n_frames)
