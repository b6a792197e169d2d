"""Pseudo-labels: recordings without a label, labelled by the answers of another model.

    pseudo_bpm = surest_answers(pd.read_parquet(run / "predictions.parquet"), share=0.5)
    ids = [*split.train, *pseudo_bpm]
    clips = PseudoLabelledClips(store, ids, pseudo_bpm=pseudo_bpm)

Only test recordings get any, by what a model answers for them: no label of theirs is read.  Lee,
"Pseudo-Label", ICML workshop 2013; here without its growing weight.
"""

import torch

from rppg.dataloader.clips import Clips, LabelledClips, Place
from rppg.datasets.prepared import Prepared


class PseudoLabelledClips(LabelledClips):
    """Labelled clips, and clips of recordings whose heart rate another model has estimated.

    pseudo_bpm: id to that rate; such a recording's own labels are not used.
    """

    def __init__(self, *arguments, pseudo_bpm: dict[str, float], **options):
        self.pseudo_bpm = pseudo_bpm
        super().__init__(*arguments, **options)

    def _reason(self, meta: dict, stretches: list) -> str | None:
        if meta["id"] in self.pseudo_bpm:
            return Clips._reason(self, meta, stretches)
        return super()._reason(meta, stretches)

    def _read(self, prepared: Prepared, place: Place) -> dict:
        if place.id not in self.pseudo_bpm:
            return super()._read(prepared, place)
        item = Clips._read(self, prepared, place)
        return item | {
            "wave": torch.full((len(item["clip"]),), torch.nan),
            "hr_bpm": torch.tensor(self.pseudo_bpm[place.id] * place.speed).float(),
            "has_wave": torch.tensor(False),
            "has_hr": torch.tensor(True),
        }


def surest_answers(table, share: float) -> dict[str, float]:
    """Heart rates by id of the test recordings of highest quality in a table of predictions.

    table: a DataFrame as of `predict_split`, or of an ensemble, of which the rows that it has
    chosen count.  share: of the recordings that have a rate.  Raises ValueError if it has no test
    recording with a rate.
    """
    rows = table[table["chosen"].astype(bool)] if "chosen" in table else table
    rows = rows[rows["split"] == "test"].dropna(subset="hr_bpm")
    if rows.empty:
        raise ValueError(f"no test recording has a rate among {len(table)} predictions")
    rows = rows.sort_values("quality", ascending=False, kind="stable")
    rows = rows.head(max(round(share * len(rows)), 1))
    return dict(zip(rows["id"], rows["hr_bpm"].astype(float), strict=True))
