"""The runs of a profile that differ along axes: one run per combination.

    sweeps:
      - name: "{dataset}/{system}/seed{seed}"  # each axis at least once: its label is put in
        notebook: studies/gideon2021/gideon2021_train
        axes:
          dataset: {ubfc: {datasets: [UBFC-rPPG]}, pure: {datasets: [PURE]}}  # label: parameters
          system: {contrastive: {loss: multiview}, supervised: {loss: mcc}}
          seed: [1, 2, 3]  # values of the parameter that has the axis's name
        parameters: {batch_size: 4, training: {n_steps: 100}}  # of all its runs

`threads`, `gpu`, `priority` (the longest runs should begin first), `parent` and `teacher` are as in
`runs`; the names of the last two may have axes, too.

    >>> sweep = {"name": "net/seed{seed}", "notebook": "02", "axes": {"seed": [1, 2]}}
    >>> sweep_runs([sweep])["net/seed2"]
    {'notebook': '02', 'parameters': {'seed': 2}}
"""

from collections import Counter
from collections.abc import Iterator
from functools import reduce
from itertools import product
from math import prod
from string import Formatter

from rppg.workflow.profile_files import suggestion
from rppg.workflow.profile_types import OTHER_RUNS

PLAIN = ("notebook", "threads", "gpu", "priority", "folds")  # the same for all runs of a sweep
NEEDED = ("name", "notebook", "axes")
KEYS = (*NEEDED, "threads", "gpu", "priority", "folds", *OTHER_RUNS, "parameters")
MAX_RUNS = 10_000  # of one sweep


def sweep_runs(sweeps: list[dict]) -> dict[str, dict]:
    """Runs by name: notebook, parameters and, if given, threads, gpu, priority, parent, teacher.

    Parameters are merged in this order: the sweep's own, then one axis after the other.  Raises
    ValueError, with the key at fault first, for unknown or missing keys, an axis that the name
    does not use, a name or other run with an unknown axis, an axis without values, and two runs of
    one name.
    """
    pairs = [(sweep["name"].format(**labels), run) for sweep, labels, run in _each(sweeps)]
    if double := [name for name, n in Counter(name for name, _ in pairs).items() if n > 1]:
        raise ValueError(f"sweeps: found two runs called {double[0]!r}, expected each name once")
    return dict(pairs)


def sweep_rows(sweeps: list[dict]) -> list[dict]:
    """One dict per run: its name as `run`, and under the name of each axis its label or value."""
    return [{"run": s["name"].format(**labels), **labels} for s, labels, _ in _each(sweeps)]


def merged(below: dict, above: dict) -> dict:
    """above over below: dicts are merged key by key, everything else is replaced."""
    both = {
        key: merged(below[key], value)
        if isinstance(value, dict) and isinstance(below.get(key), dict)
        else value
        for key, value in above.items()
    }
    return {**below, **both}


def _each(sweeps: list[dict]) -> Iterator[tuple[dict, dict, dict]]:
    """Sweep, labels by axis and run, of every combination; the last axis changes first."""
    for i, sweep in enumerate(sweeps):
        _check(f"sweeps[{i}]", sweep)
        axes = [_values(name, axis) for name, axis in sweep["axes"].items()]
        for combination in product(*axes):
            labels = dict(zip(sweep["axes"], (label for label, _ in combination), strict=True))
            own = [sweep.get("parameters") or {}, *(given for _, given in combination)]
            run = {key: sweep[key] for key in PLAIN if key in sweep}
            others = [role for role in OTHER_RUNS if sweep.get(role) is not None]
            run |= {role: sweep[role].format(**labels) for role in others}
            yield sweep, labels, {**run, "parameters": reduce(merged, own, {})}


def _values(name: str, axis: dict | list) -> list[tuple[object, dict]]:
    """Labels and parameters of an axis in either of its forms."""
    return list(axis.items()) if isinstance(axis, dict) else [(v, {name: v}) for v in axis]


def _check(where: str, sweep: dict) -> None:
    """Raises ValueError if a sweep's keys, axes or templates make no runs."""
    if unknown := [key for key in sweep if key not in KEYS]:
        hint = suggestion(unknown[0], KEYS)
        raise ValueError(f"{where}.{unknown[0]}: unknown key{hint}, expected {', '.join(KEYS)}")
    if missing := [key for key in NEEDED if key not in sweep]:
        raise ValueError(f"{where}: found no {missing[0]!r}, expected {', '.join(NEEDED)}")
    axes = sweep["axes"]
    if not isinstance(axes, dict) or not axes:
        raise ValueError(f"{where}.axes: found {axes!r}, expected axes as {{seed: [1, 2]}}")
    for name, axis in axes.items():
        _check_axis(f"{where}.axes.{name}", axis)
    if (n := prod(map(len, axes.values()))) > MAX_RUNS:
        raise ValueError(f"{where}.axes: found {n} combinations, expected {MAX_RUNS} at most")
    used = _fields(where, "name", sweep["name"], axes)
    if unused := [axis for axis in axes if axis not in used]:
        expected = f"expected {{{unused[0]}}} in it: runs along this axis would have one name"
        raise ValueError(f"{where}.name: found {sweep['name']!r}, {expected}")
    for role in OTHER_RUNS:
        if sweep.get(role) is not None:
            _fields(where, role, sweep[role], axes)


def _check_axis(where: str, axis: object) -> None:
    labelled = isinstance(axis, dict) and all(isinstance(v, dict) for v in axis.values())
    plain = isinstance(axis, list) and all(type(v) in (int, float, str) for v in axis)
    if not axis or not (labelled or plain):
        expected = "a list of values, or labels with parameters as {label: {name: value}}"
        raise ValueError(f"{where}: found {axis!r}, expected {expected}")


def _fields(where: str, key: str, template: object, axes: dict) -> set[str]:
    """The axes that a template names in braces.  Raises ValueError for other fields."""
    expected = f"expected text with axes in braces, of {', '.join(axes)}"
    try:
        parts = list(Formatter().parse(template))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}.{key}: found {template!r}, {expected}") from error
    plain = all(not spec and not conversion for _, _, spec, conversion in parts)
    fields = {field for _, field, _, _ in parts if field is not None}
    if not plain or not fields <= axes.keys():
        raise ValueError(f"{where}.{key}: found {template!r}, {expected}")
    return fields
