"""How large is each term of the losses, as printed in the HFUT-VUT paper and as computed here?

    python benchmarks/loss_forms.py --project . --out benchmarks/results/loss_forms.csv
    python benchmarks/loss_forms.py --from benchmarks/results/loss_forms.csv

Reads the prepared demo and its pre-trained models below --project (`rppg run --profile demo`): the
terms are means over the clips of VIPL-HR-V2's training subjects that have a ground-truth BVP, of a
net before training and after pre-training.  Two more rows say what the layer norms of Fig. 1 do:
the deviation of the tokens behind the last encoder of the paper's net before training.
"""

from pathlib import Path

import pandas as pd
import torch
from demo_table import table_of
from torch import Tensor

from rppg.dataloader.augment import scaled_band
from rppg.dataloader.clips import LabelledClips
from rppg.datasets import Store
from rppg.datasets.folds import make_split
from rppg.datasets.prepared import FPS
from rppg.datasets.split_summary import ids_with_bvp
from rppg.inference.sliding_window import waves_of
from rppg.losses.constants import N_FFT
from rppg.losses.correlation import mcc_loss, negative_pearson, printed_mcc_loss
from rppg.losses.periodicity import periodicity_loss, printed_periodicity_loss
from rppg.losses.sinc import bandwidth_loss, sparsity_loss, variance_loss
from rppg.models.registry import build, name_of
from rppg.models.st_transformer.net import STTransformer, STTransformerConfig
from rppg.signals.spectrum import power_spectrum
from rppg.training.parent import load_parent

RUNS = {"ST-Transformer": "st_transformer/pretrain", "Contrast-Phys+": "contrast_phys/pretrain"}
N_CLIPS, DATASET = 32, "VIPL-HR-V2"


def terms(waves: Tensor, bvp: Tensor) -> dict[tuple[str, str], float]:
    """(term, form): value of predicted BVPs (B, T), with the ground truth (B, T)."""
    axis, power = power_spectrum(waves, FPS, N_FFT)
    band_hz = scaled_band(torch.ones(len(waves)))
    found = {("bandwidth, eq. 2", "own, as printed"): bandwidth_loss(axis, power, band_hz)}
    for bpm, form in (
        (6, "own: 6 bpm"),
        (36, "6 bins of 10 s: 36 bpm"),
        (2, "6 bins padded: 2 bpm"),
    ):
        found["sparsity, eq. 3", form] = sparsity_loss(axis, power, band_hz, bpm / 60)
    found["variance, eq. 4", "own, as printed"] = variance_loss(axis, power, band_hz)
    found["periodicity, eq. 5", "own: relative"] = periodicity_loss(waves, FPS)
    for gain in (1.0, 0.1):
        name = "periodicity, eq. 5", f"printed, output times {gain:g}"
        found[name] = printed_periodicity_loss(gain * waves, FPS)
    found["Pearson", "own"] = negative_pearson(waves, bvp)
    found["MCC, eq. 11", "own: Gideon and Stent's"] = mcc_loss(waves, bvp, FPS, band_hz)
    found["MCC, eq. 11", "printed"] = printed_mcc_loss(waves, bvp, FPS, band_hz)
    return {name: value.item() for name, value in found.items()}


def rows_of(project: Path, label: str, run: str) -> list[dict]:
    """Terms of a net before and after pre-training."""
    store = Store(project / "prepared" / "demo")
    trained, inputs, _ = load_parent(project / "runs" / "demo" / run, allow_collapsed=True)
    split, _ = make_split(store, [DATASET], DATASET)
    clips = LabelledClips(store, ids_with_bvp(store, split.train), **inputs)
    shown = [clips[clips.first(id)] for id in list(clips.stretches)[:N_CLIPS]]
    stacked = torch.stack([one["clip"] for one in shown])
    bvp = torch.stack([one["wave"] for one in shown])
    fields = {key: value for key, value in vars(trained.config).items()}
    nets = {"untrained": build(name_of(trained), 0, **fields), "pre-trained": trained}
    rows = []
    for stage, net in nets.items():
        net.eval()
        with torch.no_grad():
            waves = torch.cat([waves_of(net, part) for part in stacked.split(8)]).float()
        about = {"net": label, "stage": stage, "clips": len(waves)}
        rows += [
            {**about, "term": t, "form": f, "value": v} for (t, f), v in terms(waves, bvp).items()
        ]
    return rows


@torch.no_grad()
def norm_rows() -> list[dict]:
    """Deviation of the tokens behind each choice of layer norms, the paper's net untrained."""
    rows = []
    for pre_norm, form in (
        (False, "eq. 1: before the MLP"),
        (True, "Fig. 1: before attention, too"),
    ):
        torch.manual_seed(0)
        net = STTransformer(STTransformerConfig(pre_norm=pre_norm)).eval()
        kept: list[float] = []
        net.norm.register_forward_pre_hook(lambda _, x, kept=kept: kept.append(x[0].std().item()))
        net(torch.randn(1, 100, 63, 6))
        about = {"net": "ST-Transformer, paper's", "stage": "untrained", "clips": 1}
        rows.append({**about, "term": "tokens, deviation", "form": form, "value": kept[0]})
    return rows


def measured(project: Path) -> pd.DataFrame:
    """All rows."""
    parts = [rows_of(project, *one) for one in RUNS.items()]
    return pd.DataFrame(sum(parts, []) + norm_rows())


def main() -> None:
    table = table_of(__doc__, measured, "%.6g")
    wide = table.pivot_table(index=["term", "form"], columns=["net", "stage"], values="value")
    print(wide.to_string(float_format="{:.4g}".format))


if __name__ == "__main__":
    main()
