"""How far off a model is on labelled recordings that it does not learn from.

validate = RateError(store, validation_ids, normalise="zscore")
fit(model, batches, step, FitConfig(n_steps=500, minimise="rmse_bpm"), run_dir, validate)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from torch import Tensor, nn

from rppg.learning.clips import CLIP_FRAMES
from rppg.learning.waves import predict_model
from rppg.recordings.store import Store

NEAR_BPM = 5.0


@dataclass(frozen=True)
class RateError:
    """Callable: model -> {"rmse_bpm", "mae_bpm", "within_5bpm"}, read out as predictions are."""

    store: Store
    ids: Iterable[str]
    normalise: str | None
    n_frames: int = CLIP_FRAMES
    array: str = "mstmap"
    views: Sequence[Tensor] = ()
    size: int | None = None

    def __call__(self, model: nn.Module) -> dict[str, float]:
        table = predict_model(
            self.store,
            self.ids,
            model,
            "",
            self.normalise,
            self.array,
            self.n_frames,
            views=self.views,
            size=self.size,
        )
        return rate_errors(table)


def rate_errors(predictions: pd.DataFrame) -> dict[str, float]:
    """Errors of a table of predictions, of the recordings whose heart rate is known.

    Raises ValueError where there is none, or one has no prediction, naming it.
    """
    known = predictions.dropna(subset="hr_true_bpm")
    if known.empty:
        raise ValueError("no recording with a known heart rate: nothing to validate on")
    if len(missing := known[known["hr_bpm"].isna()]):
        first = missing.iloc[0]
        raise ValueError(
            f"{len(missing)} recordings without a rate ({first['id']}: {first['reason']})"
        )
    error_bpm = np.abs(known["hr_bpm"] - known["hr_true_bpm"]).to_numpy()
    return {
        "rmse_bpm": float(np.sqrt(np.mean(error_bpm**2))),
        "mae_bpm": float(error_bpm.mean()),
        "within_5bpm": float(np.mean(error_bpm <= NEAR_BPM)),
    }
