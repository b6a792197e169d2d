"""What pre-training and training draw from windows, for `rppg.dataloader.batches.Batches`.

An anchor is one window; its candidates within the subject are other windows of the same dataset,
subject, session and hour.  Those "between subjects" need no drawing: they are the other anchors of
the batch, nearly always of other subjects, but no one sees to it that all are.  Windows are (T, 3)
float32 in g, c of them (c, T, 3).

    >>> import pandas as pd
    >>> table = pd.DataFrame({"id": [f"demo/ann/monday@{k}" for k in range(4)], "dataset": "demo"})
    >>> table = table.assign(subject="ann", session="monday", hour=[9, 9, 9, 10])
    >>> windows = Windows(np.zeros((4, 256, 3), np.float32), table)
    >>> candidates = MotionCandidates(windows, n_within=2)
    >>> len(candidates), candidates.n_left_out  # the only window of its hour has no candidates
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
    """Every window that has n_within others of its hour is an anchor.

    An item is {"anchor": (T, 3), "within": (c, T, 3), "id": str}: c = n_within others, drawn anew
    each time, none twice.  With n_within of 0 every window is an anchor and there is no "within".
    n_left_out says how many windows are no anchor; they are no one's candidates either, for it is
    their whole hour that has too few.  Raises ValueError for a negative n_within, and where no
    anchor is left.
    """

    def __init__(self, windows: Windows, n_within: int):
        if n_within < 0:
            raise ValueError(f"n_within is {n_within}, expected 0 or more")
        self.windows, self.n_within = windows, n_within
        hours = windows.table.groupby(OF_ONE_HOUR, sort=False, observed=True).indices.values()
        self._hours = [np.sort(hour) for hour in hours if len(hour) > n_within]
        if not self._hours:
            raise ValueError(self._too_few(max(map(len, hours), default=0)))
        self._ends = np.cumsum([len(hour) for hour in self._hours])  # anchors of the hours so far

    def __len__(self) -> int:
        return int(self._ends[-1])

    @property
    def n_left_out(self) -> int:
        """Windows whose hour has too few of them."""
        return len(self.windows) - len(self)

    def sample(self, index: int, generator: torch.Generator) -> dict[str, Tensor | str]:
        """Anchor number `index` with candidates that the generator decides."""
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
    """Windows with a label each, for training on them: {"anchor": (T, 3), "label": (), "id": str}.

    labels: (n,) whole numbers (of classes; int64) or others (such as cadence; float32).  Raises
    ValueError where they are not n finite numbers: choose the labelled windows by `part` first.
    """

    def __init__(self, windows: Windows, labels: np.ndarray):
        labels, n = np.asarray(labels), len(windows)
        if labels.shape != (n,) or labels.dtype.kind not in "iuf" or not np.isfinite(labels).all():
            found = f"labels of shape {labels.shape} and type {labels.dtype}"
            advice = "leave windows without a label out by `part`"
            raise ValueError(f"{found}, expected {n} finite numbers: {advice}")
        dtype = torch.float32 if labels.dtype.kind == "f" else torch.int64
        self.windows, self.labels = windows, torch.as_tensor(labels.copy(), dtype=dtype)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict[str, Tensor | str]:
        window = torch.from_numpy(np.array(self.windows.xyz_g[index], np.float32))  # (T, 3)
        id = self.windows.table["id"].iat[index]
        return {"anchor": window, "label": self.labels[index], "id": id}
