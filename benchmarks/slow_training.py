"""Slow hearts in training: does a loss or an augmentation without labels help small nets?

    python benchmarks/slow_training.py --demo prepared/demo \
        --asked PATH/prepared/bench-7 PATH/prepared/bench-8
    python benchmarks/slow_training.py --from benchmarks/results/slow_training.csv    # only tables

Pre-trains nets as the profile `demo` does, with fewer steps (STEPS): once as they are, and once
with each arm of slow_objectives.py, from the same weights, in the same order of recordings; the
last weights are kept.  They are asked about people that they were not trained on, of other seeds of
the benchmark, whose true rates are in PATH/data.  Rates are kept in --folder, a file per net, which
is not trained again; --only and --arms choose among them.

Bands are of the true rate.  Differences are of RMSEs from the net as trained, paired by recording
and seed, with intervals over people.  gain_db and octave_db: see slow_response.py.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from demo_tables import read
from slow_objectives import ARMS, AS_TRAINED
from slow_response import response

from rppg.dataloader.augment import FaceAugmentation, MapAugmentation
from rppg.dataloader.batches import Batches
from rppg.dataloader.clips import Clips
from rppg.dataloader.collate import cut_to_shortest
from rppg.dataloader.distractors import PeriodicIllumination
from rppg.datasets import Store
from rppg.datasets.folds import make_split
from rppg.evaluation.metrics import NEAR_BPM
from rppg.evaluation.paired import paired_differences, subjects_of
from rppg.evaluation.submission import read_solution
from rppg.inference.sliding_window import predict_model
from rppg.models.registry import build, inputs_of, shape_for
from rppg.preprocessing.mstmap import COMBINATIONS, YUV_FROM_RGB
from rppg.training.config import FitConfig
from rppg.training.fit import fit
from rppg.workflow.profiles import load_profile

EDGES_BPM = {"slow": (0, 55), "middle": (55, 100), "fast": (100, 999)}
STEPS = {"st_transformer": 400, "contrast_phys": 250, "gideon2021": 300}
ASKED = 32  # recordings of a band that is not slow, at most, per store


def main() -> None:
    """Train what is missing, compare, write and print, as asked."""
    args = _arguments()
    if args.measured:
        table = read(args.measured)
    else:
        torch.set_num_threads(1)
        args.folder.mkdir(parents=True, exist_ok=True)
        for model, arm, seed in wanted(args):
            path = args.folder / f"{model}-{arm.replace(' ', '_')}-{seed}.parquet"
            if not path.is_file():
                about = {"model": model, "arm": arm, "seed": seed}
                of_run(args, about).assign(**about).to_parquet(path, index=False)
                print(path.stem, flush=True)
        rates = pd.concat(map(pd.read_parquet, sorted(args.folder.glob("*.parquet"))))
        table = compared(rates)
        table.to_csv(args.out, index=False, float_format="%.4f")
    print_tables(table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--demo", type=Path, default=Path("prepared/demo"))
    parser.add_argument("--asked", type=Path, nargs="*", default=[], help="stores")
    parser.add_argument("--only", nargs="+", choices=ARMS, default=list(ARMS), help="models")
    parser.add_argument("--arms", nargs="+", help="of slow_objectives.py; by default all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--folder", type=Path, default=Path("build/slow_training"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/slow_training.csv"))
    parser.add_argument("--from", dest="measured", help="an existing CSV, without training")
    return parser.parse_args()


def wanted(args: argparse.Namespace) -> list[tuple[str, str, int]]:
    """Model, arm and seed of each run; a seed of all before the next seed."""
    return [
        (model, arm, seed)
        for seed in args.seeds
        for model in args.only
        for arm in args.arms or ARMS[model]
        if arm in ARMS[model]
    ]


def of_run(args: argparse.Namespace, about: dict) -> pd.DataFrame:
    """Train a net and ask it: id, person, true_bpm, hr_bpm, gain_db, octave_db."""
    if not args.asked:
        raise SystemExit("no stores to ask about: name some with --asked")
    model, arm = about["model"], ARMS[about["model"]][about["arm"]]
    given = load_profile("demo").runs[f"{model}/pretrain"].parameters
    net, inputs = trained(model, arm, Store(args.demo), given, about["seed"], args.folder)
    tables = []
    for number, (store, truth) in enumerate(map(bench, args.asked)):
        found = predict_model(store, truth.index, net, model, labels=False, **inputs)
        found["hr_true_bpm"] = found["id"].map(truth)
        found["person"] = [f"{number}/{who}" for who in subjects_of(found["id"])]
        tables.append(found)
    gain_db, octave_db = response(net, inputs, store, list(truth.index[:3]))
    table = pd.concat(tables).rename(columns={"hr_true_bpm": "true_bpm"})
    table = table[["id", "person", "true_bpm", "hr_bpm"]]
    return table.assign(gain_db=gain_db, octave_db=octave_db)


def known(store: Store, ids: list[str]) -> pd.Series:
    """True rates (n,) of recordings with a label, by id."""
    rates = pd.Series({id: store.meta(id)["hr_true_bpm"] for id in ids}, dtype=float)
    return rates.dropna()


def bench(prepared: Path) -> tuple[Store, pd.Series]:
    """A store and true rates of its slow hearts, and of ASKED others of each band."""
    store = Store(prepared)
    solution = read_solution(prepared.parents[1] / "data" / prepared.name / "solution.csv")
    usable = store.index().query("status == 'ok' and known_bad.isna()")["id"]
    truth = pd.concat([known(store, list(usable)), solution.set_index("id")["hr_true_bpm"]])
    truth = truth[~truth.index.duplicated() & truth.index.isin(usable)]
    parts = [truth[(truth > low) & (truth <= high)] for low, high in EDGES_BPM.values()]
    others = [part.sample(min(ASKED, len(part)), random_state=0) for part in parts[1:]]
    return store, pd.concat([parts[0], *others]).sort_index()


def trained(model: str, arm, store: Store, given: dict, seed: int, folder: Path):
    """A net pre-trained without labels, and what it sees; given: parameters of its run."""
    ids = make_split(store, given["datasets"], given["validation"])[0].train
    inputs = inputs_of(model, given["n_frames"], given.get("normalise"), given.get("size"))
    sampling = {"speeds": tuple(given["speeds"])} | dict(arm.sampling)
    options = {}
    if model == "st_transformer":
        light = PeriodicIllumination(COMBINATIONS, YUV_FROM_RGB, given["distractor_chance"])
        flips = {name: given[name] for name in ("flip_time", "flip_rows", "drop_rows")}
        sampling |= {"augment": MapAugmentation(**flips), "disturb": light}
        options = {"n_rows": given["n_rows"]}
    else:
        flip_time = given.get("flip_time", 0.0)
        sampling["augment"] = FaceAugmentation(flip_time=flip_time, mirror=given["mirror"])
    if model == "contrast_phys":
        options = {name: given[name] for name in ("windows", "distractor_pairs")}
    clips = Clips(store, ids, **inputs, **sampling)
    batches = Batches(clips, given["batch_size"], seed=seed, collate=cut_to_shortest)
    fields = {"saliency": given["saliency"]} if "saliency" in given else {}
    net = build(model, seed, **shape_for(inputs), **given["architecture"], **fields)
    rates = {name: given["training"][name] for name in ("lr", "weight_decay", "warmup_steps")}
    config = FitConfig(n_steps=STEPS[model], seed=seed, **rates)
    with tempfile.TemporaryDirectory(dir=folder) as run:
        fit(net, batches, arm.objective(**given["weights"], **options), config, run)
    return net.eval(), inputs


def compared(rates: pd.DataFrame) -> pd.DataFrame:
    """A row per model, arm and band of true rate."""
    rows = []
    for model in ARMS:
        some = rates[rates["model"] == model]
        as_trained = some[some["arm"] == AS_TRAINED].set_index(["id", "person", "seed"])["hr_bpm"]
        for arm in ARMS[model]:
            one = some[some["arm"] == arm].set_index(["id", "person", "seed"])
            one = one.join(as_trained.rename("as_trained"), how="inner").reset_index()
            for band, (low, high) in ({"all": (0, 999)} | EDGES_BPM).items():
                inside = one[(one["true_bpm"] > low) & (one["true_bpm"] <= high)]
                if len(inside):
                    row = {"model": model, "arm": arm, "band": band}
                    rows.append(row | scores_of(inside))
    return pd.DataFrame(rows)


def scores_of(rates: pd.DataFrame) -> dict:
    """Shares within 5 bpm of the truth and of its multiples, RMSEs, the difference from the net as
    trained, and the response."""
    true_bpm, hr_bpm = rates["true_bpm"].to_numpy(), rates["hr_bpm"].to_numpy()
    near = {k: abs(hr_bpm - k * true_bpm) <= NEAR_BPM for k in (1, 2, 3)}
    squared = rates.assign(own=(hr_bpm - true_bpm) ** 2)
    squared["former"] = (rates["as_trained"] - true_bpm) ** 2
    by_seed = np.sqrt(squared.groupby("seed")[["own", "former"]].mean())
    row = {"seeds": len(by_seed), "recordings": len(rates.groupby(["id", "person"]))}
    row |= {"people": rates["person"].nunique(), "within_5bpm": near[1].mean()}
    row |= {"double": near[2].mean(), "triple": near[3].mean(), "rmse_bpm": by_seed["own"].mean()}
    row["lower_in_seeds"] = int((by_seed["own"] < by_seed["former"]).sum())
    people = rates["person"].to_numpy()
    former = rates["as_trained"].to_numpy()
    row |= paired_differences(true_bpm, hr_bpm[None], former, people).iloc[0].to_dict()
    return row | rates.drop_duplicates("seed")[["gain_db", "octave_db"]].mean().to_dict()


def print_tables(table: pd.DataFrame) -> None:
    """Share within 5 bpm per band; +, -: RMSE better or worse than as trained."""
    words = table["verdict"].map({"undecided": "", "better": " +", "worse": " -"})
    table = table.assign(shown=table["within_5bpm"].round(3).astype(str) + words)
    keys = ["model", "arm"]
    for value in ("shown", "rmse_bpm", "double"):
        print(table.pivot(index=keys, columns="band", values=value).round(2).to_string(), "\n")
    print(table.drop_duplicates(keys).set_index(keys)[["gain_db", "octave_db"]].round(1))


if __name__ == "__main__":
    main()
