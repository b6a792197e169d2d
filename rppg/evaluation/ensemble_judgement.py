"""What an ensemble is worth, and what each of its members adds, on recordings that it was not
fitted to.

    given = choose_by(tables, index)      # what the ensemble is chosen by, and from which models
    choice = choose(given.table, given.truth, given.solutions, given.mean_bpm)
    nested_answers(given)                 # of the whole choice, made anew in each fold
    leave_one_out(choice, subjects)       # a row per member that is taken away
    error_correlation(choice.learned, choice.true_bpm)  # of each pair of members

`rppg.evaluation.ensemble_selection` chooses the option that is best on all labelled recordings, so
the error that it shows of that option is too small.  `nested_answers` repeats the choice without
one part of the subjects and answers for these: its error is what to expect on other people.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
import pandas as pd

from rppg.evaluation.ensemble import Stack
from rppg.evaluation.ensemble_selection import Choice, answer, choose, rates_of, subject_folds
from rppg.evaluation.metrics import NEAR_BPM

CLASSICAL = "classical"  # a kind of predictions, and the solution that they are of
LABELLED = ("validation", "train")  # of a model that has not learned from these recordings


@dataclass(frozen=True)
class Given:
    """What an ensemble is chosen by.

    table: predictions of all candidates, where the head's motion is known with a column `motion`,
    (F,) at the frequencies of the spectra; truth: columns id, subject and hr_true_bpm of the
    recordings to choose by; solutions: model to the solution it belongs to, of the models that
    have predicted all of these; left_out: the other models; mean_bpm: of other training labels of
    the same datasets, None if there are none.
    """

    table: pd.DataFrame
    truth: pd.DataFrame
    solutions: dict[str, str]
    left_out: list[str]
    mean_bpm: float | None


def choose_by(
    tables: Mapping[str, pd.DataFrame], index: pd.DataFrame, classical: Sequence[str] = ()
) -> Given:
    """What an ensemble of these models can be chosen by.

    tables: by path, runs/<profile>/<solution>/<run>/predictions.parquet, whose third last part
    names a model's solution.  index: of the prepared recordings, with id, subject and hr_true_bpm;
    a rate that it lacks is taken from the tables, which read it off a contact BVP.  classical: the
    classical methods that are candidates, too, a solution of their own.  Raises ValueError for two
    models of one name, for a classical method that no table has, and as `validated` does.
    """
    learned = {path: one for path, one in tables.items() if (one["kind"] == "learned").all()}
    owners = [(name, path) for path, one in learned.items() for name in one["model"].unique()]
    named = [*(name for name, _ in owners), *dict.fromkeys(classical)]
    if double := [name for name, n in Counter(named).items() if n > 1]:
        raise ValueError(f"two runs are called {double[0]!r}: give one of them another name")
    everything = pd.concat(tables.values(), ignore_index=True)
    table = pd.concat(learned.values(), ignore_index=True)
    known = everything.dropna(subset="hr_true_bpm").drop_duplicates("id").set_index("id")
    ids = table.loc[table["split"] != "test", "id"].unique()
    truth = index.set_index("id").loc[ids, ["subject", "hr_true_bpm"]].reset_index()
    truth["hr_true_bpm"] = truth["hr_true_bpm"].fillna(truth["id"].map(known["hr_true_bpm"]))
    truth, able = validated(table, truth)
    solutions = {name: PurePath(path).parents[1].name for name, path in owners if name in able}
    left_out = [name for name, _ in owners if name not in able]
    others = _classical_rows(everything, classical, set(table["id"]))
    for name, rows in others.groupby("model", sort=False):
        if set(truth["id"]) <= set(rows["id"]):
            solutions[name] = CLASSICAL
        else:
            left_out.append(name)
    table = pd.concat([table, others], ignore_index=True)
    return Given(table, truth, solutions, left_out, other_mean_bpm(everything, truth))


def _classical_rows(everything: pd.DataFrame, names: Sequence[str], ids: set[str]) -> pd.DataFrame:
    """Rows of the classical methods that are candidates, of the recordings with these ids."""
    of_kind = everything[everything["kind"] == CLASSICAL]
    if missing := set(names) - set(of_kind["model"]):
        found = ", ".join(of_kind["model"].unique()) or "none"
        raise ValueError(f"no predictions of {', '.join(sorted(missing))}: expected one of {found}")
    return of_kind[of_kind["model"].isin(names) & of_kind["id"].isin(ids)]


def validated(table: pd.DataFrame, truth: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Rows of truth (columns id, subject, hr_true_bpm) of the recordings that an ensemble can be
    chosen by, and the models that have predicted all of them.

    A table of predictions has labelled recordings only of which its model has seen no label: those
    that validate it, those left out of its folds, or all of them if it learns without labels.  The
    largest set of recordings that two models have predicted is taken; models without some of it
    are left out.  Raises ValueError if no two models share a labelled recording.
    """
    known = set(truth.loc[truth["hr_true_bpm"].notna(), "id"])
    rows = table[table["split"].isin(LABELLED) & table["id"].isin(known)]
    ids_of = {model: frozenset(group["id"]) for model, group in rows.groupby("model", sort=False)}
    shared = [a & b for a in ids_of.values() for b in ids_of.values()] if len(ids_of) > 1 else []
    pairs = [ids for ids in shared if sum(ids <= own for own in ids_of.values()) > 1]
    ids = max(pairs, key=len, default=frozenset())
    if not ids:
        counts = ", ".join(f"{model}: {len(own)}" for model, own in ids_of.items()) or "no model"
        raise ValueError(f"no labelled recordings that two models have predicted; found {counts}")
    models = [model for model, own in ids_of.items() if ids <= own]
    return truth[truth["id"].isin(ids)].sort_values("id", ignore_index=True), models


def other_mean_bpm(everything: pd.DataFrame, truth: pd.DataFrame) -> float | None:
    """Mean heart rate of the labelled training recordings that are not in truth, of its datasets,
    in the tables of all models; None if there are none."""
    rows = everything[everything["split"].eq("train") & everything["hr_true_bpm"].notna()]
    of_same = rows["id"].str.split("/").str[0].isin(set(truth["id"].str.split("/").str[0]))
    rows = rows[of_same & ~rows["id"].isin(truth["id"])].drop_duplicates("id")
    return float(rows["hr_true_bpm"].mean()) if len(rows) else None


def nested_answers(given: Given, submit: str = "validation") -> pd.DataFrame:
    """Answers for the recordings to choose by, in their order, each by the ensemble that is chosen,
    from the models on, without its subject's part: columns id, hr_bpm, quality, freq_hz, power.
    NaN and None for a single subject.

    submit: as of `rppg.evaluation.ensemble_selection.choose`.
    """
    truth, rows = given.truth, []
    for fit, test in subject_folds(truth["subject"].to_numpy()):
        one = choose(given.table, truth.iloc[fit], given.solutions, given.mean_bpm, submit)
        part = answer(given.table, truth["id"].iloc[test].tolist(), one)
        rows.append(part[part["chosen"]])
    columns = ["id", "hr_bpm", "quality", "freq_hz", "power"]
    if not rows:
        return truth[["id"]].assign(hr_bpm=np.nan, quality=np.nan, freq_hz=None, power=None)
    return pd.concat(rows).set_index("id").loc[truth["id"]].reset_index()[columns]


def leave_one_out(choice: Choice, subjects: np.ndarray) -> pd.DataFrame:
    """Errors of the chosen combination by cross-validation over subjects (n,): of all members, then
    without each of them.  Columns without ("": all), rmse_bpm, misses and rmse_added_bpm: by how
    much the RMSE grows without the member.  A recording without a rate is as wrong as its rate."""
    members = choice.members[choice.chosen]
    rows = []
    for left in ("", *(members if len(members) > 2 else ())):
        kept = [name for name in members if name != left]
        error = _out_of_sample(choice, kept, subjects) - choice.true_bpm
        misses = np.sum(np.abs(error) > NEAR_BPM)
        rows.append({"without": left, "rmse_bpm": np.sqrt((error**2).mean()), "misses": misses})
    found = pd.DataFrame(rows)
    return found.assign(rmse_added_bpm=found["rmse_bpm"] - found["rmse_bpm"].iloc[0])


def error_correlation(one: Stack, true_bpm: np.ndarray) -> pd.DataFrame:
    """Pearson correlation of the errors of each two models on recordings that both have a rate for:
    1 is no diversity.  NaN for a model that is never wrong."""
    errors = pd.DataFrame((one.hr_bpm - true_bpm).T, columns=list(one.models))
    return errors.corr(min_periods=3)


def _out_of_sample(choice: Choice, members: list[str], subjects: np.ndarray) -> np.ndarray:
    part, rates = choice.learned.of_models(members), np.zeros(len(choice.true_bpm))
    for fit, test in subject_folds(subjects):
        mean_bpm, known = choice.mean_bpm, choice.true_bpm[fit]
        both = part.of_recordings(test), part.of_recordings(fit)
        rates[test] = np.nan_to_num(rates_of(choice.chosen, *both, known, mean_bpm))
    return rates
