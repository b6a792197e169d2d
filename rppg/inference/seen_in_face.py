"""A figure of what a net sees in one face, for the nets that have one.

    figure = plot_seen(net, clips, id, hr_true_bpm, origin)

A net with cells: their BVPs, and the pixels to which the prediction is most sensitive.  A net that
attends over the rows of a map: the attention that regions and their combinations receive.
"""

from matplotlib.figure import Figure
from torch import nn

from rppg.dataloader.clips import Clips
from rppg.inference.pixel_saliency import crop_of, seen_in_clip
from rppg.inference.region_attention import seen_in_map
from rppg.models.protocol import HasCells, HasRowAttention
from rppg.plotting.attention import plot_attention
from rppg.plotting.saliency import plot_block
from rppg.preprocessing.mstmap import COMBINATIONS, REGIONS
from rppg.preprocessing.preview import previews


def plot_seen(
    net: nn.Module, clips: Clips, id: str, hr_true_bpm: float | None, origin: str
) -> Figure | None:
    """The figure of the first clip of a recording; None for a net that has no such figure."""
    clip = clips[clips.first(id)]["clip"][None]  # (1, T, ...)
    if isinstance(net, HasCells):
        crop, seen = crop_of(clips.store, id, clips.array), seen_in_clip(net, clip)
        return plot_block(crop, **seen, hr_true_bpm=hr_true_bpm, title=id, origin=origin)
    if isinstance(net, HasRowAttention):
        crops, outlines = previews(clips.store, [id])
        seen = seen_in_map(net, clip, COMBINATIONS, REGIONS)
        return plot_attention(crops[id], outlines[id], **seen, title=id, origin=origin)
    return None
