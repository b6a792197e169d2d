"""What a run's validation says: why a step was chosen, in words, and which recordings to look at.

>>> validated = pd.DataFrame({"step": [100, 200, 300], "rmse_bpm": [9.0, 1.0, 1.2]})
>>> print(explain_choice(validated, 200, "rmse_bpm"))
step 200 of 300 has the lowest RMSE of 3 validations, 1.00 bpm.
The later one is higher by 0.20 bpm: no real difference, any of these would do.
>>> table = pd.DataFrame({"id": list("abcd"), "hr_bpm": [60, 71, 99, 80]})
>>> best_and_worst(table.assign(hr_true_bpm=[60, 70, 80, 90]), n=1)
['a', 'c']
"""

import pandas as pd

ALIKE_BPM = 0.5  # a smaller difference of errors or disagreements is no reason for a step
ALIKE_SHARE = 0.1  # of the lowest value, for values without a unit
NAMES = {"rmse": "RMSE", "mae": "MAE", "ipr": "irrelevant power ratio"}


def explain_choice(validation: pd.DataFrame, best_step: int, monitor: str) -> str:
    """Two sentences on separate lines about the chosen step.

    validation: columns step and `monitor`, which the chosen step minimises.  Raises ValueError if
    the chosen step is not among the steps.
    """
    values = validation.set_index("step")[monitor]
    if best_step not in values.index:
        raise ValueError(f"step {best_step} was not validated, only {values.index.tolist()}")
    unit = " bpm" if monitor.endswith("_bpm") else ""
    best, last = values[best_step], values.index.max()
    name = monitor.removesuffix("_bpm")
    name = NAMES.get(name, name.replace("_", " "))
    found = f"step {best_step} of {last} has the lowest {name} of {len(values)} validations"
    return f"{found}, {best:.2f}{unit}.\n{_of_later(values, best_step, unit)}"


def best_and_worst(predictions: pd.DataFrame, n: int = 2) -> list[str]:
    """Ids of the n recordings with the smallest and the n with the largest error, in this order;
    all of them if there are fewer than 2 n.

    predictions: columns id, hr_bpm and hr_true_bpm of one model; rows with a NaN are skipped.
    """
    errors = predictions.set_index("id")
    errors = (errors["hr_bpm"] - errors["hr_true_bpm"]).abs().dropna().sort_values(kind="stable")
    ids = errors.index.tolist()
    return ids if len(ids) <= 2 * n else ids[:n] + ids[-n:]


def _of_later(values: pd.Series, best_step: int, unit: str) -> str:
    later = values[values.index > best_step] - values[best_step]
    if later.empty:
        return "It is the last step: more steps might lower it further."
    alike = ALIKE_BPM if unit else ALIKE_SHARE * abs(values[best_step])
    who = "The later one is" if len(later) == 1 else f"The {len(later)} later ones are"
    low, high = later.min(), later.max()
    span = f"{high:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}"
    found = f"{who} higher by {span}{unit}"
    if high <= alike:
        return f"{found}: no real difference, any of these would do."
    return f"{found}: by this measure the net did not improve any more, so an early step is kept."
