"""The predictions of several models, each trained without a part of the labelled subjects, as one.

    table = collect_folds([read_predictions(path) for path in paths])

Each labelled recording is predicted by the model that has not seen its subject ("validation"), each
test recording by all of them: the peak of the mean of their unit-area spectra.  One thing differs
between the two, in favour of the test recordings: a mean of several models has fewer misses than
one of them.
"""

from collections.abc import Sequence

import pandas as pd

from rppg.evaluation.ensemble import mean_known, psd, stack, with_answers

OUT_OF_FOLD, TEST = "validation", "test"  # values of the column split


def collect_folds(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One table, columns as the given ones, of one model: the labelled recordings of every table,
    then the test recordings.

    tables: one per fold, of one model each, all under one name.  Raises ValueError for no table,
    different names, a labelled recording that two folds have left out, and test recordings that
    are not the same in all.
    """
    names = sorted({name for table in tables for name in table["model"]})
    if len(names) != 1:
        raise ValueError(f"folds of {len(names)} models ({', '.join(names)}), expected one name")
    labelled = pd.concat([table[table["split"] == OUT_OF_FOLD] for table in tables])
    if twice := sorted(set(labelled.loc[labelled.duplicated("id"), "id"])):
        raise ValueError(f"recordings that two folds have left out: {', '.join(twice[:5])}")
    tests = [table[table["split"] == TEST] for table in tables]
    ids = tests[0]["id"].tolist()
    if any(set(table["id"]) != set(ids) for table in tests):
        counts = ", ".join(str(len(table)) for table in tests)
        raise ValueError(f"folds predict different test recordings ({counts}), expected the same")
    labelled = labelled.sort_values("id")
    return pd.concat([labelled, _mean_of(tests, ids)] if ids else [labelled], ignore_index=True)


def _mean_of(tables: Sequence[pd.DataFrame], ids: list[str]) -> pd.DataFrame:
    """The first table with rates, qualities and spectra of all; as it is where none has a rate."""
    rows = tables[0].set_index("id").loc[ids].reset_index()
    if all(table["hr_bpm"].isna().all() for table in tables):
        return rows
    numbered = [table.assign(model=str(fold)) for fold, table in enumerate(tables)]
    one = stack(pd.concat(numbered), [str(fold) for fold in range(len(tables))], ids)
    answers = psd(one), mean_known(one.quality), one.freq_hz, mean_known(one.power)
    return with_answers(rows, *answers)[tables[0].columns]
