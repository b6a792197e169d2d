"""Datasets of windows for pre-training and supervised training, for `Batches`.

An anchor is one window; its candidates within the subject are other windows of the same dataset,
subject, session and hour.  Candidates "between subjects" are the other anchors of the batch, which
are nearly always, but not by construction, of other subjects.  Windows are (T, 3) float32 in g, c
of them (c, T, 3).

    >>> import pandas as pd
    >>> table = pd.DataFrame({"id": [f"demo/ann/monday@{k}" for k in range(4)], "dataset": "demo"})
    >>> table = table.assign(subject="ann", session="monday", hour=[9, 9, 9, 10])
    >>> windows = Windows(np.zeros((4, 256, 3), np.float32), table)
    >>> candidates = MotionCandidates(windows, n_within=2)
    >>> len(candidates), candidates.n_skipped  # the only window of its hour has no candidates
    (3, 1)
    >>> item = candidates.sample(0, torch.Generator())
    >>> item["anchor"].shape, item["within"].shape, item["id"]
    (torch.Size([256, 3]), torch.Size([2, 256, 3]), 'demo/ann/monday@0')

Source: Xu et al., RelCon, ICLR 2025, candidates within and between subjects.
"""

import numpy as np
import torch
from torch import Tensor

from rppg.studies.relcon.data.window_store import Windows

OF_ONE_HOUR = ["dataset", "subject", "session", "hour"]


class MotionCandidates:
    """Every window with n_within others in its hour is an anchor.

    An item is {"anchor": (T, 3), "within": (c, T, 3), "id": str}: c = n_within others, drawn
    without replacement each time.  With n_within of 0 every window is an anchor and there is no
    "within". n_skipped counts the windows in hours with too few; they are neither anchors nor
    candidates. Raises ValueError for a negative n_within, and if no anchor is left.
    """

    def __init__(self, windows: Windows, n_within: int):
        if n_within < 0:
            raise ValueError(f"n_within is {n_within}, expected 0 or more")
        self.windows, self.n_within = windows, n_within
        hours = windows.table.groupby(OF_ONE_HOUR, sort=False, observed=True).indices.values()
        self._hours = [np.sort(hour) for hour in hours if len(hour) > n_within]
        if not self._hours:
            raise ValueError(self._too_few(max(map(len, hours), default=0)))
        self._ends = np.cumsum([len(hour) for hour in self._hours])  # cumulative number of anchors

    def __len__(self) -> int:
        return int(self._ends[-1])

    @property
    def n_skipped(self) -> int:
        """Number of windows in hours with too few of them."""
        return len(self.windows) - len(self)

    def sample(self, index: int, generator: torch.Generator) -> dict[str, Tensor | str]:
        """Anchor number `index` with candidates drawn by the generator."""
        which = np.searchsorted(self._ends, index, side="right")
        hour, place = self._hours[which], index - self._ends[which]  # from the hour's end
        item = {"anchor": self._read(hour[place]), "id": self.windows.table["id"].iat[hour[place]]}
        if self.n_within:
            others = np.delete(hour, place)
            drawn = torch.randperm(len(others), generator=generator)[: self.n_within]
            item["within"] = self._read(others[drawn.numpy()])  # (c, T, 3)
        return item

    def _read(self, positions) -> Tensor:
        return torch.from_numpy(np.array(self.windows.xyz_g[positions], np.float32))

    def _too_few(self, most: int) -> str:
        expected = f"expected hours of {self.n_within + 1} or more windows, the fullest has {most}"
        return f"{expected}: take fewer candidates (n_within), or more windows"


class LabelledWindows:
    """Windows with labels, for supervised training: {"anchor": (T, 3), "label": (), "id": str}.

    labels: (n,) integers (classes; int64) or floats (such as cadence; float32).  Raises ValueError
    if they are not n finite numbers: select the labelled windows by `part` first.
    """

    def __init__(self, windows: Windows, labels: np.ndarray):
        labels, n = np.asarray(labels), len(windows)
        if labels.shape != (n,) or labels.dtype.kind not in "iuf" or not np.isfinite(labels).all():
            given = f"labels of shape {labels.shape} and type {labels.dtype}"
            advice = "exclude windows without a label by `part`"
            raise ValueError(f"{given}, expected {n} finite numbers: {advice}")
        dtype = torch.float32 if labels.dtype.kind == "f" else torch.int64
        self.windows, self.labels = windows, torch.as_tensor(labels.copy(), dtype=dtype)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict[str, Tensor | str]:
        window = torch.from_numpy(np.array(self.windows.xyz_g[index], np.float32))  # (T, 3)
        id = self.windows.table["id"].iat[index]
        return {"anchor": window, "label": self.labels[index], "id": id}
