"""The relative contrastive loss: nearer candidates should have more similar embeddings.

An anchor has K candidates, each with a distance (the error of reconstructing the anchor) and a
similarity (the cosine of the two embeddings): tables (A, K), A anchors.

    >>> distance = torch.tensor([[3.0, 1.0, 2.0]])  # the second is the nearest
    >>> agreeing, opposed = torch.tensor([[-0.5, 0.9, 0.1]]), torch.tensor([[0.9, -0.5, 0.1]])
    >>> [round(relative_contrastive_loss(s, distance).item(), 2) for s in (agreeing, opposed)]
    [0.0, 22.0]
    >>> relative_contrastive_loss(torch.zeros(1, 3), distance).exp().round()  # 3!
    tensor(6.)

Source: Xu et al., RelCon, ICLR 2025, the relative contrastive loss.  For anchor a and candidate i,
the negatives of i are the candidates farther from a:

    L_a = sum_i -log( exp(s_i / t) / (exp(s_i / t) + sum_{j: d(a, j) > d(a, i)} exp(s_j / t)) )

No pairs are formed: in order of decreasing distance the negatives of a candidate are all before it,
and their sum is a cumulative log-sum-exp (the released code exponentiates first, which overflows at
a small temperature t).
"""

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, normalize

from rppg.studies.relcon.models.encoder import at_least_float32


def relative_contrastive_loss(
    similarity: Tensor, distance: Tensor, temperature: float = 0.1
) -> Tensor:
    """The loss, a scalar: sum over an anchor's candidates, mean over anchors.

    similarity: (A, K), with gradient; distance: (A, K) finite, of which only the order within a row
    matters; temperature: above 0.  The farthest candidate has no negatives and adds nothing.
    Candidates at the same distance are not each other's negatives.  If all similarities are equal
    and all distances differ, the loss is ln K!; the minimum is 0.  Computed at least in float32.
    Raises ValueError for shapes that differ, no candidates, a temperature that is not above 0 and
    distances that are not finite.
    """
    _check(similarity, distance, temperature)
    distance, order = distance.sort(dim=1, descending=True)  # (A, K), farthest first
    logits = at_least_float32(similarity).gather(1, order) / temperature  # (A, K)
    negatives = _log_sum_of_farther(logits, distance)  # (A, K)
    return -logsigmoid(logits - negatives).sum(dim=1).mean()


def _log_sum_of_farther(logits: Tensor, distance: Tensor) -> Tensor:
    """(A, K) log of the sum of exp(logits) over farther candidates, -inf for the farthest; distance
    (A, K) decreases along each row."""
    running = logits.logcumsumexp(dim=1)  # (A, K)
    place = torch.arange(distance.shape[1], device=distance.device)
    is_new = torch.ones_like(distance, dtype=torch.bool)
    is_new[:, 1:] = distance[:, 1:] < distance[:, :-1]
    first = torch.where(is_new, place, 0).cummax(dim=1).values  # (A, K), first at this distance
    before = running.gather(1, (first - 1).clamp(min=0))  # (A, K)
    return before.masked_fill(first == 0, -torch.inf)


def batch_similarities(anchors: Tensor, within: Tensor) -> Tensor:
    """Cosines (B, B - 1 + c) of the embeddings of each anchor and its candidates.

    anchors: (B, D), within: (B, c, D), candidates of the anchor's own hour, c may be 0.  Columns as
    in `candidate_columns`: the other anchors of the batch in their order, then the anchor's own
    candidates.  Computed at least in float32, even under autocast.  Raises ValueError for shapes
    that do not match.
    """
    fits = anchors.ndim == 2 and within.ndim == 3
    if not fits or within.shape[::2] != anchors.shape:
        shapes = f"{tuple(anchors.shape)} and {tuple(within.shape)}"
        raise ValueError(f"expected embeddings (B, D) and (B, c, D), found {shapes}")
    with torch.autocast(anchors.device.type, enabled=False):
        anchors, within = (normalize(at_least_float32(x), dim=-1) for x in (anchors, within))
        between = anchors @ anchors.T  # (B, B)
        own = (within @ anchors[..., None])[..., 0]  # (B, c)
    return candidate_columns(between, own)


def candidate_columns(between: Tensor, within: Tensor) -> Tensor:
    """One row per anchor (B, B - 1 + c), of distances or similarities: its row of between (B, B)
    without itself, then its row of within (B, c).  Raises ValueError for other shapes."""
    n = len(between)
    if between.shape != (n, n) or within.ndim != 2 or len(within) != n:
        shapes = f"{tuple(between.shape)} and {tuple(within.shape)}"
        raise ValueError(f"expected tables (B, B) and (B, c), found {shapes}")
    is_other = ~torch.eye(n, dtype=torch.bool, device=between.device)
    return torch.cat([between[is_other].view(n, n - 1), within], dim=1)  # (B, B - 1 + c)


def _check(similarity: Tensor, distance: Tensor, temperature: float) -> None:
    shapes = tuple(similarity.shape), tuple(distance.shape)
    if similarity.ndim != 2 or shapes[0] != shapes[1] or not similarity.numel():
        expected = "expected similarity and distance, both (A, K), A and K of 1 or more"
        raise ValueError(f"{expected}, found {shapes[0]} and {shapes[1]}")
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}, expected above 0, such as 0.1")
    if n_bad := int((~distance.isfinite()).sum()):
        problem = f"{n_bad} of {distance.numel()} distances are not finite"
        raise ValueError(f"{problem}: look for windows with NaN, or train the distance again")
