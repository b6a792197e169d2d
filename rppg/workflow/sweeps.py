"""The runs of a profile that differ along axes: one run a combination.

    sweeps:
      - name: "{dataset}/{system}/seed{seed}"  # each axis once or more: a label takes its place
        notebook: studies/gideon2021/gideon2021_train
        axes:
          dataset: {ubfc: {datasets: [UBFC-rPPG]}, pure: {datasets: [PURE]}}  # label: parameters
          system: {contrastive: {loss: multiview}, supervised: {loss: mcc}}
          seed: [1, 2, 3]  # values of the parameter that is called like the axis
        parameters: {batch_size: 4, training: {n_steps: 100}}  # of all its runs

`threads`, `gpu`, `priority` (what takes long begins first) and `start` are as in `runs`; a start
may name axes, too.

    >>> sweep = {"name": "net/seed{seed}", "notebook": "02", "axes": {"seed": [1, 2]}}
    >>> sweep_runs([sweep])["net/seed2"]
    {'notebook': '02', 'parameters': {'seed': 2}}
"""

from collections import Counter
from collections.abc import Iterator
from functools import reduce
from itertools import product
from string import Formatter

PLAIN = ("notebook", "threads", "gpu", "priority")  # the same for all runs of a sweep
NEEDED = {"name", "notebook", "axes"}
KEYS = NEEDED | {"threads", "gpu", "priority", "start", "parameters"}


def all_runs(settings: dict) -> dict[str, dict]:
    """The runs of a profile's `runs`, `grid` and `sweeps`, by name and in this order.

    Raises ValueError for a name that two of them give, and as grid_runs and sweep_runs do.
    """
    grid = grid_runs(settings["grid"]) if settings.get("grid") else {}
    parts = [settings.get("runs") or {}, grid, sweep_runs(settings.get("sweeps") or [])]
    _refuse_doubles([name for part in parts for name in part], "`runs`, `grid` and `sweeps`")
    return {name: run for part in parts for name, run in part.items()}


def sweep_runs(sweeps: list[dict]) -> dict[str, dict]:
    """Runs by name: notebook, parameters and, where given, threads, gpu, priority, start.

    Parameters are merged in the order: the sweep's own, then one axis after the other.  Raises
    ValueError for unknown or missing keys, for an axis that the name lacks or has and is not
    there, for one without values, and for two runs of one name.
    """
    found = [(sweep["name"].format(**labels), run) for sweep, labels, run in _each(sweeps)]
    _refuse_doubles([name for name, _ in found], "the sweeps")
    return dict(found)


def sweep_rows(sweeps: list[dict]) -> list[dict]:
    """One dict a run: its name as `run`, and under the name of each axis its label or value."""
    return [{"run": s["name"].format(**labels), **labels} for s, labels, _ in _each(sweeps)]


def _each(sweeps: list[dict]) -> Iterator[tuple[dict, dict, dict]]:
    """Sweep, labels by axis and run, of every combination; the last axis changes first."""
    for sweep in sweeps:
        _check(sweep)
        axes = [_values(name, axis) for name, axis in sweep["axes"].items()]
        for combination in product(*axes):
            labels = dict(zip(sweep["axes"], (label for label, _ in combination), strict=True))
            own = [sweep.get("parameters") or {}, *(given for _, given in combination)]
            run = {key: sweep[key] for key in PLAIN if key in sweep}
            if "start" in sweep:
                run["start"] = sweep["start"].format(**labels)
            yield sweep, labels, {**run, "parameters": reduce(merged, own, {})}


def _values(name: str, axis: dict | list) -> list[tuple[object, dict]]:
    """Labels and parameters of an axis in either of its forms."""
    return list(axis.items()) if isinstance(axis, dict) else [(v, {name: v}) for v in axis]


def _check(sweep: dict) -> None:
    called = f"sweep {sweep.get('name')!r}"
    if not NEEDED <= sweep.keys() <= KEYS:
        expected = f"expected {sorted(NEEDED)}, and of {sorted(KEYS - NEEDED)} what is wanted"
        raise ValueError(f"{called} has the keys {sorted(sweep)}, {expected}")
    for name, axis in sweep["axes"].items():
        labelled = isinstance(axis, dict) and all(isinstance(v, dict) for v in axis.values())
        plain = isinstance(axis, list) and not any(isinstance(v, (dict, list)) for v in axis)
        if not axis or not (labelled or plain):
            expected = "a list of values, or labels with parameters as {label: {name: value}}"
            raise ValueError(f"{called}: axis {name!r} is {axis!r}, expected {expected}")
    axes = list(sweep["axes"])
    named = {text: _fields(sweep.get(text, "")) for text in ("name", "start")}
    for text, fields in named.items():
        if odd := sorted(fields - set(axes)):
            raise ValueError(f"{called}: its {text} has no axis {odd}, expected some of {axes}")
    if missing := [axis for axis in axes if axis not in named["name"]]:
        raise ValueError(f"{called} lacks {missing}: runs along them would have one name")


def _fields(template: str) -> set[str]:
    """What stands in braces."""
    return {field for _, field, _, _ in Formatter().parse(template) if field is not None}


def _refuse_doubles(names: list[str], where: str) -> None:
    if double := sorted(name for name, n in Counter(names).items() if n > 1):
        raise ValueError(f"two runs of one name in {where}: {double}; rename one of each")


ROW_KEYS = {"table", "row", "start", "losses", "input", "paper_rmse_bpm", "parameters"}


def grid_runs(grid: dict) -> dict[str, dict]:
    """Runs of a profile, by name: notebook, parameters and, of a row's, start; what no row starts
    from is not pre-trained.

    A name in `pretrained` begins with its model's.  Raises ValueError for a row that starts from
    what is not pre-trained, has unknown keys or another's place, KeyError for an unknown model.
    """
    _check(grid)
    starts = {row["start"] for row in grid["rows"]}
    runs = {
        name: merged(grid["models"][_model(name)]["pretrain"], {"parameters": own})
        for name, own in grid["pretrained"].items()
        if name in starts
    }
    for row in grid["rows"]:
        shared = grid["models"][_model(row["start"])]["finetune"]
        own = {"start": row["start"], "parameters": row.get("parameters") or {}}
        runs[run_name(row)] = merged(shared, own)
    return runs


def grid_rows(grid: dict) -> list[dict]:
    """One dict a row of the tables: table, row, run, start, pretraining (the datasets' names with
    " + " between), losses, input ("normal" or "difference") and the paper's paper_rmse_bpm."""
    _check(grid)
    return [
        {
            "table": row["table"],
            "row": row["row"],
            "run": run_name(row),
            "start": row["start"],
            "pretraining": " + ".join(grid["pretrained"][row["start"]]["datasets"]),
            "losses": row["losses"],
            "input": row.get("input", "normal"),
            "paper_rmse_bpm": row["paper_rmse_bpm"],
        }
        for row in grid["rows"]
    ]


def run_name(row: dict) -> str:
    """Name of a row's fine-tuned run, and of its folder below runs/<profile>-<seed>."""
    return f"table{row['table']}/row{row['row']:02d}"


def _model(name: str) -> str:
    return name.split("/")[0]


def _check(grid: dict) -> None:
    names = [run_name(row) for row in grid["rows"]]
    for name, row in zip(names, grid["rows"], strict=True):
        if row["start"] not in grid["pretrained"]:
            found = f"{name} starts from {row['start']!r}"
            raise ValueError(f"{found}, expected one of {sorted(grid['pretrained'])}")
        if unknown := sorted(row.keys() - ROW_KEYS):
            raise ValueError(f"{name} has keys {unknown}, expected {sorted(ROW_KEYS)}")
    if double := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"rows with the same table and number: {double}")


def merged(below: dict, above: dict) -> dict:
    """above over below: dicts are merged key by key, everything else is replaced."""
    both = {
        key: merged(below[key], value)
        if isinstance(value, dict) and isinstance(below.get(key), dict)
        else value
        for key, value in above.items()
    }
    return {**below, **both}
