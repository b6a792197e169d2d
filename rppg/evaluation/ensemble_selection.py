"""Which combination of which models is submitted: chosen on validation recordings, by subject.

    choice = choose(table, truth, solutions, mean_bpm)  # validation recordings alone
    rows = answer(table, test_ids, choice)              # one row per recording and combination

Sets of models are the k best of each solution, the k best of all, and all of them.  Every
combination of every set is measured by cross-validation that leaves subjects out, with the ranking
of the models and every fit inside the folds.  Gross misses make the RMSE of a test set, and a
validation set of some 20 recordings hardly has any.  So options are compared by their misses (more
than 5 bpm off).  Those with as many are compared by their RMSE if these are TELLING or more; if
fewer, by how probable their spectra make the true rates (`rppg.evaluation.log_score`; a combination
of rates has none), and last by their mean absolute error.

`choose(..., submit="paper")` submits what the paper does (Qian et al., 3rd RePSS, sections 3.2 and
3.3) instead: the plain average of "the multiple best prediction results under different settings of
both solution 1 and solution 2".  How many it averages it does not say: the 1, 2 or 3 best of each,
as validation says.  What validation would choose among all combinations is marked in the table.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold

from rppg.evaluation.combinations import COMBINED, combined
from rppg.evaluation.ensemble import Stack, mean_known, stack
from rppg.evaluation.log_score import fit_sharpness, log_scores
from rppg.evaluation.metrics import NEAR_BPM

N_FOLDS = 5
OF_EACH, OF_ALL = (1, 2, 3), (2, 3, 4, 5)  # sizes of the sets of best models
SETS = (*((k, True) for k in OF_EACH), *((k, False) for k in OF_ALL), (None, False))
TELLING = 3  # misses, from which on it says something how far off they are
PAPER = "average"
PAPER_SOLUTIONS = ("st_transformer", "contrast_phys")
BOTH = "average of both solutions"  # submitted if the paper's ensemble is asked for
SUBMIT = ("validation", "paper")


@dataclass(frozen=True)
class Choice:
    """What validation says.

    options: a row per option, best first: combination, models (how they were picked), members
    (their names), and by cross-validation misses (recordings), log_score (mean; NaN for
    combinations of rates), mae_bpm, rmse_bpm, and mae_below_average_bpm: by how much it is below
    the plain average of the same models.  members: combination to the models that are best for it;
    chosen: the combination to submit.  learned, true_bpm and mean_bpm (of
    the training labels) are what combinations are fitted to.  by_validation: the combination that
    validation chooses; it is not `chosen` if the paper's average is submitted.
    """

    options: pd.DataFrame
    members: dict[str, tuple[str, ...]]
    chosen: str
    learned: Stack
    true_bpm: np.ndarray
    mean_bpm: float
    by_validation: str

    def name_of(self, combination: str) -> str:
        """What a combination is called in tables of models."""
        passed_over = combination == self.by_validation != self.chosen
        return model_name(combination, passed_over)


def choose(
    table: pd.DataFrame,
    truth: pd.DataFrame,
    solutions: Mapping[str, str],
    mean_bpm: float | None,
    submit: str = "validation",
) -> Choice:
    """Measure every combination of every set of models on validation recordings.

    table: long table of predictions; truth: columns id, subject and hr_true_bpm of the validation
    recordings; solutions: model to the solution that it belongs to; mean_bpm: of training labels;
    None: of the recordings fitted to.
    submit: what is chosen, "validation" (its best option) or "paper" (the plain average of the best
    models of both solutions of the paper; other solutions are left out).
    With one subject nothing can be measured (errors are NaN): the paper's average of the best model
    of each solution is chosen.  Raises ValueError for fewer than two models, no recording, truths
    that are no number, another `submit`, and if the paper's ensemble has no model of a solution.
    """
    if submit not in SUBMIT:
        raise ValueError(f"submit is {submit!r}, expected one of {', '.join(SUBMIT)}")
    if len(solutions) < 2 or truth.empty:
        found = f"{len(solutions)} models and {len(truth)} validation recordings"
        raise ValueError(f"an ensemble needs two models and recordings to choose by, found {found}")
    true_bpm = truth["hr_true_bpm"].to_numpy(float)
    if not np.isfinite(true_bpm).all():
        unknown = truth.loc[~np.isfinite(true_bpm), "id"].tolist()
        raise ValueError(f"validation recordings without a true heart rate: {unknown[:5]}")
    found = stack(table, list(solutions), truth["id"].tolist())
    folds = subject_folds(truth["subject"].to_numpy())
    rows = list(_options(found, true_bpm, solutions, folds, mean_bpm))
    if submit == "paper":
        rows += _of_both(found, true_bpm, solutions, folds, mean_bpm)
    options = ordered(pd.DataFrame(rows))
    first = options.drop_duplicates("combination")
    members = dict(zip(first["combination"], first["members"], strict=True))
    best = next(name for name in first["combination"] if name != BOTH)
    chosen = BOTH if submit == "paper" else best
    mean_bpm = true_bpm.mean() if mean_bpm is None else mean_bpm
    return Choice(options, members, chosen, found, true_bpm, mean_bpm, best)


def answer(table: pd.DataFrame, ids: Sequence[str], choice: Choice) -> pd.DataFrame:
    """Heart rates of recordings by every combination of its own best models: the long table, and a
    column `chosen` that marks what is to be submitted.

    Where no member has a rate, hr_bpm is NaN and `reason` says so.  power is the mean of the
    members' spectra, to be looked at: not every combination answers with its peak.
    """
    rows = table.drop_duplicates("id").set_index("id").loc[list(ids)]
    tables = []
    for combination, members in choice.members.items():
        one, learned = stack(table, members, ids), choice.learned.of_models(members)
        hr_bpm = rates_of(combination, one, learned, choice.true_bpm, choice.mean_bpm)
        reason = np.where(np.isfinite(hr_bpm), "", "no model of the ensemble has a heart rate")
        facts = {"id": list(ids), "model": choice.name_of(combination), "kind": "ensemble"}
        facts |= {
            "split": rows["split"].to_numpy(),
            "hr_bpm": hr_bpm,
            "quality": np.nan_to_num(mean_known(one.quality)),
        }
        facts |= {"hr_true_bpm": np.nan, "origin": rows["origin"].to_numpy(), "reason": reason}
        facts |= {"freq_hz": [one.freq_hz.astype(np.float32)] * len(ids)}
        facts |= {"power": list(mean_known(one.power).astype(np.float32))}
        tables.append(pd.DataFrame(facts | {"chosen": combination == choice.chosen}))
    return pd.concat(tables, ignore_index=True)


def model_name(combination: str, passed_over: bool = False) -> str:
    """What a combination is called in tables of models.  passed_over: validation chooses it, but
    the paper's average is submitted."""
    return f"Ensemble, {combination}" + " (validation's choice)" * passed_over


def rates_of(combination: str, one: Stack, learned: Stack, true_bpm, mean_bpm: float) -> np.ndarray:
    """Rates (n,) of a combination, of COMBINED or BOTH."""
    name = PAPER if combination == BOTH else combination
    return combined(name, one, learned, true_bpm, mean_bpm).hr_bpm


def ranked(one: Stack, true_bpm: np.ndarray, solutions: Mapping[str, str]) -> list[tuple[str, str]]:
    """(model, its solution), smallest mean error on recordings (n,) first; a missing rate counts as
    an error as large as the truth."""
    error = np.abs(np.where(np.isfinite(one.hr_bpm), one.hr_bpm, 0) - true_bpm)  # (M, n)
    mae_bpm = dict(zip(one.models, error.mean(axis=1), strict=True))
    order = sorted(one.models, key=lambda model: (mae_bpm[model], model))
    return [(model, solutions[model]) for model in order]


def ordered(options: pd.DataFrame) -> pd.DataFrame:
    """Options, best first."""
    telling = options["misses"] >= TELLING
    second = options["rmse_bpm"].where(telling, -options["log_score"])
    options = options.assign(second=second).sort_values(["misses", "second", "mae_bpm"])
    return options.drop(columns="second").reset_index(drop=True)


def subject_folds(subjects: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """(fit, held out) positions, no subject on both sides; none for a single subject."""
    n_subjects = len(set(subjects))
    if n_subjects < 2:
        return []
    return list(GroupKFold(min(N_FOLDS, n_subjects)).split(subjects, groups=subjects))


def _of_both(found: Stack, true_bpm, solutions, folds, mean_bpm) -> list[dict]:
    """Options of BOTH: plain averages of the best models of each of the paper's solutions."""
    own = {model: name for model, name in solutions.items() if name in PAPER_SOLUTIONS}
    if missing := [name for name in PAPER_SOLUTIONS if name not in own.values()]:
        raise ValueError(
            f"the paper's ensemble is of both solutions: no {' and no '.join(missing)}"
        )
    sets = [(k, True) for k in OF_EACH]
    rows = _options(found.of_models(list(own)), true_bpm, own, folds, mean_bpm, sets)
    return [row | {"combination": BOTH} for row in rows if row["combination"] == PAPER]


def _options(found: Stack, true_bpm, solutions, folds, mean_bpm, sets=SETS) -> Iterator[dict]:
    """Every combination of every set of models, with its errors by cross-validation."""
    whole, seen = ranked(found, true_bpm, solutions), set()
    inside = [ranked(found.of_recordings(fit), true_bpm[fit], solutions) for fit, _ in folds]
    for size, of_each in sets:
        members = _best(whole, size, of_each)
        if len(members) < 2 or frozenset(members) in seen:
            continue
        seen.add(frozenset(members))
        errors = {name: np.full(len(true_bpm), np.nan) for name in COMBINED}
        scores = {name: np.full(len(true_bpm), np.nan) for name in COMBINED}
        for (fit, test), order in zip(folds, inside, strict=True):
            part = found.of_models(_best(order, size, of_each))
            learned, held_out = part.of_recordings(fit), part.of_recordings(test)
            mean = true_bpm[fit].mean() if mean_bpm is None else mean_bpm
            for name in COMBINED:
                found_by = combined(name, held_out, learned, true_bpm[fit], mean)
                errors[name][test] = np.nan_to_num(found_by.hr_bpm, nan=mean) - true_bpm[test]
                if found_by.power is not None:
                    sharpness = fit_sharpness(part.freq_hz, found_by.learned_power, true_bpm[fit])
                    given = part.freq_hz, found_by.power, true_bpm[test]
                    scores[name][test] = log_scores(*given, sharpness)
        word = "all" if size is None else f"best {size}" + " of each" * of_each
        for name, error in errors.items():
            yield {
                "combination": name,
                "models": word,
                "members": members,
                **_measured(error, scores[name]),
                "mae_below_average_bpm": np.abs(errors[PAPER]).mean() - np.abs(error).mean(),
            }


def _measured(error: np.ndarray, score: np.ndarray) -> dict[str, float]:
    """Of errors and log scores (n,) of recordings held out; NaN where nothing was measured."""
    found = {"misses": np.nan, "log_score": score.mean(), "mae_bpm": np.abs(error).mean()}
    found["rmse_bpm"] = np.sqrt((error**2).mean())
    if np.isfinite(error).all():
        found["misses"] = float(np.sum(np.abs(error) > NEAR_BPM))
    return found


def _best(order: list[tuple[str, str]], size: int | None, of_each: bool) -> tuple[str, ...]:
    """The first `size` models, or the first of each solution; None: all."""
    if not of_each:
        return tuple(model for model, _ in order[:size])
    taken: dict[str, list[str]] = {}
    for model, solution in order:
        taken.setdefault(solution, []).append(model)
    return tuple(model for models in taken.values() for model in models[:size])
