"""Spatial-Temporal Transformer: MSTmap clips in, predicted BVP out.

Frames and rows take turns: in a spatial encoder the N rows of each frame attend to each other, in a
temporal encoder the T frames of each row, L loops of both; every encoder is
    Z = softmax(Q K^T / sqrt(D)) V + X,    Z' = MLP(LN(Z)) + Z      (eq. 1)
Position embeddings are added once, before the first encoder.  The head projects each token, and
the predicted BVP is the mean over rows.

    >>> model = STTransformer(STTransformerConfig(dim=32, n_loops=2))
    >>> model(torch.randn(4, 300, 63, 6)).shape  # (B, T, N, C) -> (B, T)
    torch.Size([4, 300])

Source: Qian et al., 3rd RePSS, 2024, section 2.1.2.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from torch.utils.checkpoint import checkpoint

from rppg.models.st_transformer.attention_maps import row_attention

INIT_STD = 0.02  # of the position embeddings


@dataclass(frozen=True)
class STTransformerConfig:
    """The defaults are the paper's as far as it states them.  ValueError for invalid values."""

    n_frames: int = 300  # T: the longest clip that positions are known for
    n_rows: int = 63  # N: rows of the MSTmap
    n_channels: int = 6  # C: R, G, B, Y, U, V
    dim: int = 128  # D
    n_loops: int = 6  # L: each a spatial and a temporal encoder
    n_heads: int = 1  # eq. 1 has one; more split D among them
    mlp_ratio: float = 2.0  # hidden width of the MLP over D; the paper does not say
    dropout: float = 0.0  # of the MLP
    drop_path: float = 0.0  # chance, a clip, that the last encoder is skipped; linear from 0 before
    pre_norm: bool = False  # LN before attention, too; eq. 1 has none
    patch: int = 1  # frames that one token holds; more are for small machines
    recompute: bool = False  # in training keep each encoder's input and attention only: half of the
    # memory at paper size, for a fifth more arithmetic, clip by clip

    def __post_init__(self):
        for name in ("n_frames", "n_rows", "n_channels", "dim", "n_loops", "n_heads", "patch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 1 or more")
        if self.dim % self.n_heads:
            raise ValueError(f"dim {self.dim} is no multiple of n_heads {self.n_heads}")
        for name in ("dropout", "drop_path"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 0 to below 1")


class STTransformer(nn.Module):
    """(B, T, N, C) float -> predicted BVP (B, T).

    `rows` names which N' rows of the map the clip holds, so that a part of them may be used in
    training: (B, T, N', C).  Raises ValueError for a shape that does not fit the config.
    """

    takes_rows = True

    def __init__(self, config: STTransformerConfig):
        super().__init__()
        self.config = config
        n_tokens = -(-config.n_frames // config.patch)
        self.embed = nn.Linear(config.n_channels * config.patch, config.dim)
        self.row_position = nn.Parameter(torch.zeros(config.n_rows, config.dim))
        self.time_position = nn.Parameter(torch.zeros(n_tokens, config.dim))
        drops = torch.linspace(0, config.drop_path, 2 * config.n_loops, device="cpu").tolist()
        self.encoders = nn.ModuleList(Encoder(config, drop) for drop in drops)
        self.norm = nn.LayerNorm(config.dim)
        self.head = nn.Linear(config.dim, config.patch)
        nn.init.trunc_normal_(self.row_position, std=INIT_STD)
        nn.init.trunc_normal_(self.time_position, std=INIT_STD)

    def forward(self, clips: Tensor, rows: Tensor | None = None) -> Tensor:
        n_frames = self._check(clips, rows)
        x = _patches(clips, self.config.patch)  # (B, t, N, patch C), t = ceil(T / patch)
        if self.config.recompute and torch.is_grad_enabled():
            wave = self._wave(x, rows, _recomputed)
        else:
            wave = self._wave(x, rows, Encoder.__call__)
        return wave[:, :n_frames]  # (B, T)

    def row_attention(self, clips: Tensor) -> Tensor:
        """Attention that each row of maps (B, T, N, C) receives, (B, N): `row_attention`."""
        return row_attention(self, clips)

    def _wave(self, x: Tensor, rows: Tensor | None, call: Callable) -> Tensor:
        """Patches (B, t, N, patch C) -> (B, t patch); call(encoder, x) is encoder(x)."""
        x = self.embed(x)  # (B, t, N, D)
        position = self.row_position if rows is None else self.row_position[rows]
        x = x + position + self.time_position[: x.shape[1], None]
        for spatial, temporal in zip(self.encoders[::2], self.encoders[1::2], strict=True):
            x = call(spatial, x)
            x = call(temporal, x.transpose(1, 2)).transpose(1, 2)  # (B, N, t, D) inside
        wave = self.head(self.norm(x)).mean(dim=2)  # (B, t, patch)
        return wave.flatten(1)

    def _check(self, clips: Tensor, rows: Tensor | None) -> int:
        config = self.config
        n_rows = config.n_rows if rows is None else len(rows)
        expected = (n_rows, config.n_channels)
        if clips.ndim != 4 or clips.shape[2:] != expected:
            text = f"(B, T, {n_rows}, {config.n_channels})"
            raise ValueError(f"expected clips {text}, found {tuple(clips.shape)}")
        if clips.shape[1] > config.n_frames:
            found = f"{clips.shape[1]} frames, positions are known for {config.n_frames}"
            raise ValueError(f"clips of {found}: cut them, or build the model with more n_frames")
        return clips.shape[1]


class Encoder(nn.Module):
    """Eq. 1 over the last but one axis: (..., K, D) -> (..., K, D)."""

    def __init__(self, config: STTransformerConfig, drop_path: float = 0.0):
        super().__init__()
        hidden = round(config.dim * config.mlp_ratio)
        self.n_heads, self.drop_path = config.n_heads, drop_path
        self.norm_attention = nn.LayerNorm(config.dim) if config.pre_norm else nn.Identity()
        self.qkv = nn.Linear(config.dim, 3 * config.dim, bias=False)
        self.norm_mlp = nn.LayerNorm(config.dim)
        self.mlp = nn.Sequential(
            nn.Linear(config.dim, hidden),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(hidden, config.dim),
            nn.Dropout(config.dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x.contiguous()  # what comes transposed is copied once, not by every operation
        z = x + self._attend(self.norm_attention(x))
        z = z + self.mlp(self.norm_mlp(z))
        if self.training and self.drop_path:
            kept = torch.rand(len(x), 1, 1, 1, device=x.device) >= self.drop_path  # (B, 1, 1, 1)
            z = torch.where(kept, x + (z - x) / (1 - self.drop_path), x)
        return z

    def _attend(self, x: Tensor) -> Tensor:
        q, k, v = self.attention_inputs(x)
        mixed = scaled_dot_product_attention(q, k, v)  # (B', heads, K, D / heads)
        return mixed.transpose(1, 2).reshape(x.shape)

    def attention_inputs(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of x (..., K, D): (B', heads, K, D / heads) each, B' = all axes
        before K together."""
        parts = self.qkv(x.flatten(0, -3)).chunk(3, dim=-1)  # (B', K, D) each
        q, k, v = (part.unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for part in parts)
        return q, k, v


def _recomputed(encoder: Encoder, x: Tensor) -> Tensor:
    """encoder(x) clip by clip; what it computes is not kept, and computed again in the backward."""
    return torch.cat([checkpoint(encoder, clip, use_reentrant=False) for clip in x.split(1)])


def _patches(clips: Tensor, patch: int) -> Tensor:
    """(B, T, N, C) -> (B, ceil(T / patch), N, patch C); the last frame is repeated to fill up."""
    if patch == 1:
        return clips
    missing = -clips.shape[1] % patch
    if missing:
        clips = torch.cat([clips, clips[:, -1:].expand(-1, missing, -1, -1)], dim=1)
    return clips.unflatten(1, (-1, patch)).transpose(2, 3).flatten(3)
