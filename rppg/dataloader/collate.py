"""Batches of clips that are not equally long.

    batches = Batches(clips, batch_size=4, collate=cut_to_shortest)

A recording of 10 s holds 10 s of pulse, and at 1.4 times its speed they last 7.1 s.  Such a clip
has fewer frames than n_frames (`rppg.dataloader.clips.Clips.sample`), and the other clips of its
batch are cut to its length; the losses read the length from the batch.

    >>> import torch
    >>> batch = cut_to_shortest([{"clip": torch.zeros(n, 63, 6), "speed": 1.0} for n in (300, 214)])
    >>> batch["clip"].shape
    torch.Size([2, 214, 63, 6])
"""

from collections.abc import Sequence

from torch.utils.data import default_collate

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
