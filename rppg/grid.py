"""The cells of an ablation grid as the runs of a profile: what is pre-trained, what goes on.

A profile's `grid` says what all its runs of a model share, which nets are pre-trained, and one row
a line of the paper's tables:

    grid:
      models:
        st_transformer:
          pretrain: {notebook: 02_pretrain_st_transformer, parameters: {...}}
          finetune: {notebook: 04_finetune, parameters: {...}}
      pretrained:
        st_transformer/ubfc: {datasets: [UBFC-rPPG], weights: {periodicity: 0.0}}
      rows:
        - {table: 1, row: 1, start: st_transformer/ubfc, losses: ..., paper_rmse_bpm: 13.88440}

    >>> shared = {"pretrain": {"notebook": "02"}, "finetune": {"notebook": "04"}}
    >>> row = {"table": 1, "row": 1, "start": "net/a", "losses": "all", "paper_rmse_bpm": 9.9}
    >>> grid = {"models": {"net": shared}, "pretrained": {"net/a": {"datasets": ["PURE"]}}}
    >>> list(grid_runs(grid | {"rows": [row]}))
    ['net/a', 'table1/row01']
"""

from rppg.pipeline import merged

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
