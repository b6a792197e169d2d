"""For tests of RelCon's study: rows and folders as its notebooks leave them, made up.

`made_up_rows(method="SimCLR", seed=2, told=1.0)` is what one run leaves; `made_up_study(folder)`
writes the runs of all methods and both distances, and the windows' index that they stand on.
"""

import json

import numpy as np
import pandas as pd

from rppg.studies.relcon.data.splits import subject_split

ACTIVITIES = np.array(["cycling", "running", "sitting", "stairs", "typing", "walking"])
HAVE_CADENCE = ["running", "stairs", "walking"]
RUNS = {  # in tables: folder, and how well the truth is told
    "RelCon": ("relcon", 3.0),
    "SimCLR": ("simclr", 2.8),
    "AugPred": ("augpred", 2.0),
    "REBAR-style": ("rebar", 1.6),
    "scratch": ("scratch", 1.8),
    "random encoder": ("random", 1.0),
    "hand-made features": ("features", 2.4),
}
MORE = {"1": -0.8, "5": -0.3, "10": 0.0, "all": 0.8}  # labels tell more
QUESTIONS = {  # of the distances: AUC learned, untrained, raw, energy
    "same activity nearer than another": (0.66, 0.52, 0.55, 0.62),
    "rotated copy nearer than another activity": (0.9, 0.6, 0.45, 0.95),
}


def windows(n_subjects=6, n_each=4, dataset="simulator", origin="synthetic"):
    """What is true of the windows that all methods are tested on; subjects s00, s01, ..."""
    rng = np.random.default_rng(7)
    activity = np.tile(np.repeat(ACTIVITIES, n_each), n_subjects)
    subject = np.repeat([f"s{k:02d}" for k in range(n_subjects)], n_each * len(ACTIVITIES))
    at = np.char.add("/hour0@", np.char.zfill(np.arange(len(subject)).astype(str), 7))
    own_spm = np.repeat(rng.normal(110, 15, n_subjects), n_each * len(ACTIVITIES))
    table = pd.DataFrame({"dataset": dataset, "subject": subject, "origin": origin})
    table["id"] = dataset + "/" + table["subject"] + at
    table["fold"] = table["subject"].str[1:].astype(int) % 2
    table["cadence_spm"] = own_spm + rng.normal(0, 8, len(table))
    return table.assign(activity=activity)


def made_up_rows(table=None, *, method="RelCon", seed=1, told=2.0, labels=("1", "5", "10", "all")):
    """Rows of both tasks; told: how far the truth raises its activity's logit."""
    table = windows() if table is None else table
    offset = list(RUNS).index(method)
    rng = np.random.default_rng([seed, offset])
    true = np.searchsorted(ACTIVITIES, table["activity"])
    walks = table["activity"].isin(HAVE_CADENCE)
    about = table[["id", "dataset", "subject", "origin", "fold"]]
    noise = rng.normal(size=(len(table), len(ACTIVITIES)))
    leaning = 0.7 * np.random.default_rng([offset]).normal(size=(99, len(ACTIVITIES)))
    noise += leaning[table["subject"].str[1:].astype(int)]  # subjects differ
    found = []
    for n_labels in labels:
        logits = noise + max(told + MORE[n_labels], 0) * np.eye(len(ACTIVITIES))[true]
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        named = {f"p_{name}": shares[:, k].astype("f4") for k, name in enumerate(ACTIVITIES)}
        predicted = ACTIVITIES[shares.argmax(axis=1)].astype(object)
        rows = about.assign(task="activity", n_labels=n_labels, truth=table["activity"])
        found.append(rows.assign(predicted=predicted, **named))
        rows = about[walks].assign(task="cadence_spm", n_labels=n_labels)
        spm = table.loc[walks, "cadence_spm"]
        wrong_spm = rng.normal(0, 40 / (1 + max(told + MORE[n_labels], 0)), len(spm))
        found.append(rows.assign(truth_value=spm, predicted_value=spm + wrong_spm))
    return pd.concat(found, ignore_index=True).assign(method=method, seed=seed)


def made_up_run(folder, rows, **changed):
    """The folder of one run of a method."""
    method, seed = rows["method"].iloc[0], int(rows["seed"].iloc[0])
    run = folder / RUNS[method][0] / f"seed{seed}"
    run.mkdir(parents=True)
    rows.to_parquet(run / "predictions.parquet", index=False)
    given = {"method": RUNS[method][0], "name": method, "seed": seed, "datasets": ["simulator"]}
    given |= {"test_share": 0.4, "dev_share": 0.15, "n_folds": 2, "n_labels": [1, 5, 10, 0]}
    given |= {"targets": ["cadence_spm"], "tested": "test"}
    given |= {"training": {"n_steps": 240, "lr": 0.002}}
    given |= {"architecture": {"widths": [4]}, "index": "abc"}
    facts = {"origin": "synthetic", "parameters": given | changed, "seconds": 12.5}
    facts["n_learned"] = 5
    facts["distance_seconds"] = 3.0 if method in ("RelCon", "REBAR-style") else 0.0
    (run / "run.json").write_text(json.dumps(facts))
    return run


def made_up_distance(folder, name="RelCon's distance", seed=1, better=0.0, centred=None):
    """The folder of one run of a distance; centred None: not among its parameters."""
    run = folder / name.replace(" ", "_") / f"seed{seed}"
    run.mkdir(parents=True)
    rows = [
        {"question": text, "learned": learned + better, "n_anchors": 40}
        | dict(zip(("untrained", "raw", "energy"), rules, strict=True))
        for text, (learned, *rules) in QUESTIONS.items()
    ]
    pd.DataFrame(rows).to_csv(run / "nearness.csv", index=False)
    given = {"name": name, "seed": seed, "attention": "sparsemax", "datasets": ["simulator"]}
    given["architecture"] = {"width": 4} | ({} if centred is None else {"centred": centred})
    facts = {"origin": "synthetic", "parameters": given, "seconds": 3.0}
    (run / "run.json").write_text(json.dumps(facts))
    return run


def all_rows(table=None, seeds=(1, 2), **more):
    """Rows of all methods and seeds."""
    return pd.concat(
        [
            made_up_rows(table, method=method, seed=seed, told=told, **more)
            for method, (_, told) in RUNS.items()
            for seed in seeds
        ],
        ignore_index=True,
    )


def made_up_study(folder, seeds=(1, 2)):
    """Runs of all methods and of the distances in folder/runs/made_up, and the index of the
    windows in folder/prepared/made_up; half of its subjects are tested.  Returns the runs' folder.
    """
    runs, prepared = folder / "runs" / "made_up", folder / "prepared" / "made_up"
    index = windows(n_subjects=10)
    parts = subject_split(index, ["simulator"], 0.4, 0.15, seed=0)
    rows = all_rows(index[parts == "test"], seeds)
    for _, own in rows.groupby(["method", "seed"]):
        made_up_run(runs, own)
    for seed in seeds:
        made_up_distance(runs, seed=seed, centred=True)
        made_up_distance(runs, "RelCon's distance, gravity left in", seed, better=-0.1)
        made_up_distance(runs, "REBAR's distance", seed, better=-0.05, centred=True)
    prepared.mkdir(parents=True)
    index.to_parquet(prepared / "index.parquet")
    return runs
