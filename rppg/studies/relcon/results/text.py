"""Text of the RelCon study: tables as text, and a sentence per comparison.

    table_of(summary, compared, "simulator", "activity")  # methods x labels
    other_metrics(scored, "simulator", "activity")  # with all labels
    verdict(compared, summary), nearness_words(nearness)  # lists of sentences

Tables come from bootstrap.py and runs.py.  Intervals contain 95 % of draws.
"""

import numpy as np
import pandas as pd

from rppg.studies.relcon.results.bootstrap import BETTER, CASE, UNDECIDED, WORSE, drawn_words
from rppg.studies.relcon.results.metrics import ACTIVITY_METRICS, VALUE_METRICS
from rppg.studies.relcon.results.runs import (
    ALL,
    KNOWN,
    METHODS,
    RULES,
    label_order,
    main_metric,
)

TITLES = {
    "macro_f1": "macro F1",
    "balanced_accuracy": "balanced accuracy",
    "kappa": "kappa",
    "auc": "AUC",
    "pearson_r": "Pearson's r",
    "mae": "MAE",
}
MARKS = {BETTER: "beaten", WORSE: "ahead of RelCon", UNDECIDED: "undecided"}
LEGEND = (
    "mean over seeds [95 % interval {drawn}; for BasicMotions, whose subjects are unknown,"
    " over segments]; beaten: the interval of RelCon's paired difference is above 0; ahead of"
    " RelCon: below 0; undecided: it contains 0, or there is none"
)
CENTRED = "each window's mean is subtracted, which is not in the paper"
AS_THEY_ARE = "windows include gravity, as in the paper"
USED = {"RelCon's distance": METHODS[0], "REBAR's distance": "REBAR-style"}  # method that uses it
SETTING_WORDS = {
    "n_steps": "steps",
    "n_learned": "subjects trained on",
    "lr": "peak learning rate",
}
NO_NUMBER = "-"
NO_INTERVAL = ", no interval (one subject, or an undefined draw)"


def legend(summary: pd.DataFrame) -> str:
    """Legend of `table_of`."""
    return LEGEND.format(drawn=drawn_words(summary["n_seeds"].min()))


def what(task: str) -> str:
    """ ", cadence spm": a task in sentences; nothing for activities."""
    return "" if task == "activity" else f", {task.replace('_', ' ')}"


def metric_of(task: str) -> str:
    """The main metric of a task in words."""
    return TITLES[main_metric(task)]


def labels_words(n_labels: str) -> str:
    """ "1 label a class", "5 labels a class", "all labels"."""
    if n_labels == ALL:
        return "all labels"
    return f"{n_labels} label{'s' * (n_labels != '1')} a class"


def table_of(
    summary: pd.DataFrame, compared: pd.DataFrame, dataset: str, task: str
) -> pd.DataFrame:
    """The task's main metric: rows methods, columns numbers of labels; see `legend`.

    Raises ValueError if there is no such dataset and task.
    """
    chosen = _chosen(summary, dataset, task)
    words = _chosen(compared, dataset, task).set_index(["method", "n_labels"])["word"]
    cells = {}
    for row in chosen.itertuples():
        mark = MARKS.get(words.get((row.method, row.n_labels)))
        text = with_interval(row.mean, row.low, row.high)
        cells[row.method, row.n_labels] = f"{text}, {mark}" if mark else text
    table = pd.Series(cells).unstack().fillna(NO_NUMBER)
    table = table.loc[[name for name in KNOWN if name in table.index]]
    table = table[sorted(table, key=label_order)]
    return table.rename(columns=labels_words)


def other_metrics(scored: pd.DataFrame, dataset: str, task: str) -> pd.DataFrame:
    """All metrics of the task with all labels, mean ± sd over seeds: rows methods.

    Raises ValueError if there is no such dataset and task.
    """
    chosen = _chosen(scored, dataset, task)
    groups = chosen[chosen["n_labels"] == ALL].groupby("method", sort=False)
    table = pd.DataFrame({"windows": groups["n"].first()})
    for metric in ACTIVITY_METRICS if task == "activity" else VALUE_METRICS:
        digits = 1 if metric == "mae" else 2
        table[TITLES[metric]] = [
            _mean_sd(group.to_numpy(float), digits) for _, group in groups[metric]
        ]
    return table


def verdict(compared: pd.DataFrame, summary: pd.DataFrame) -> list[str]:
    """A sentence per dataset, task, number of labels and other method, then counts per dataset,
    task and other method."""
    own = summary[summary["method"] == METHODS[0]].set_index(CASE)
    lines = [
        _sentence(row, own.loc[tuple(row[key] for key in CASE)])
        for row in compared.to_dict("records")
    ]
    for (dataset, origin, task, method), group in compared.groupby(
        ["dataset", "origin", "task", "method"], sort=False
    ):
        counts = group["word"].value_counts()
        text = ", ".join(f"{word} {counts.get(word, 0)}" for word in (BETTER, UNDECIDED, WORSE))
        about = f"{dataset} ({origin}){what(task)}"
        lines.append(f"{about}: RelCon against {method}, of {len(group)} numbers of labels: {text}")
    return lines


def nearness_words(nearness: pd.DataFrame) -> list[str]:
    """A sentence per distance and question of runs.collect_nearness."""
    lines = []
    for (name, origin, question), group in nearness.groupby(
        ["name", "origin", "question"], sort=False
    ):
        if (group["n_anchors"] == 0).any():
            lines.append(f"{name} ({origin}), {question}: undefined, no such pairs of windows")
            continue
        n, learned, rules = len(group), group["learned"], group[[*RULES]]
        span = f"{learned.min():.3f}-{learned.max():.3f} over {n} seeds" if n > 1 else "one seed"
        others = ", ".join(f"{text} {rules[rule].mean():.2f}" for rule, text in RULES.items())
        lines.append(
            f"{name} ({origin}), {question}: AUC {learned.mean():.3f} ({span}); {others};"
            f" learned above all three in {(learned > rules.max(axis=1)).sum()} of {n} seeds,"
            f" above chance (0.5) in {(learned > 0.5).sum()}"
        )
    return lines


def centred_words(nearness: pd.DataFrame) -> list[str]:
    """A sentence per distance of runs.collect_nearness: whether windows are centred, and which
    encoder uses it.  Raises ValueError if runs of one name differ."""
    lines = []
    for name, centred in nearness.groupby("name", sort=False)["centred"]:
        if centred.nunique() > 1:
            raise ValueError(f"some runs of {name} are centred, some are not: train them alike")
        seen = CENTRED if centred.iloc[0] else AS_THEY_ARE
        used = f"used by {USED[name]}" if name in USED else "used by no encoder"
        lines.append(f"{name}: {seen}; {used}")
    return lines


def nearness_table(nearness: pd.DataFrame) -> pd.DataFrame:
    """Rows questions and distances; columns the learned AUC of each seed, and means of RULES."""
    by = ["question", "name"]
    table = nearness.pivot(index=by, columns="seed", values="learned").add_prefix("seed ")
    rules = nearness.groupby(by)[[*RULES]].mean().rename(columns=RULES)
    order = pd.MultiIndex.from_product([nearness[key].unique() for key in by], names=by)
    return table.join(rules).reindex(order)


def with_interval(value: float, low: float, high: float) -> str:
    """ "0.62 [0.55, 0.68]", "-" without a value."""
    if not np.isfinite(value):
        return NO_NUMBER
    return f"{value:.2f}" + (f" [{low:.2f}, {high:.2f}]" if np.isfinite([low, high]).all() else "")


def _sentence(row: dict, own: pd.Series) -> str:
    about = (
        f"{row['dataset']} ({row['origin']}){what(row['task'])}, {labels_words(row['n_labels'])}"
    )
    relcon = with_interval(own["mean"], own["low"], own["high"])
    theirs = with_interval(row["theirs"], np.nan, np.nan)
    against = f"{about}: RelCon {relcon} against {row['method']} {theirs}"
    difference, low, high = (row[key] for key in ("difference", "low", "high"))
    if not np.isfinite(difference):
        return f"{against}: undefined, since a method's prediction is constant"
    if row["word"] == BETTER:
        held = f"better by {difference:.3f} [{low:.3f}, {high:.3f}]"
    elif row["word"] == WORSE:
        held = f"not better, worse by {-difference:.3f} [{-high:.3f}, {-low:.3f}]"
    else:
        ends = f" [{low:+.3f}, {high:+.3f}]" if np.isfinite([low, high]).all() else NO_INTERVAL
        held = f"not better, undecided: difference {difference:+.3f}{ends}"
    return f"{against}: {held}, ahead in {row['seeds_ahead']} of {row['n_seeds']} seeds"


def _mean_sd(values: np.ndarray, digits: int) -> str:
    """ "0.81 ± 0.02" over seeds, "0.81" for one; "-" if a seed has no value."""
    if not np.isfinite(values).all():
        return NO_NUMBER
    sd = f" ± {values.std(ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{values.mean():.{digits}f}{sd}"


def _chosen(table: pd.DataFrame, dataset: str, task: str) -> pd.DataFrame:
    chosen = table[(table["dataset"] == dataset) & (table["task"] == task)]
    if chosen.empty:
        known = sorted({(row.dataset, row.task) for row in table.itertuples()})
        raise ValueError(f"no row of {dataset}, {task}; expected one of {known}")
    return chosen
