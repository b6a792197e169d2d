"""Benchmarks of where time goes: sums, shares and gains of times that are known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
HERE = "tests.project.test_time_benchmarks"


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


def test_the_seconds_of_tests_are_summed_by_file_and_short_files_by_folder(tmp_path):
    import suite_time

    cases = [(HERE, 60.0), (f"{HERE}.TestClass", 39.0), ("tests.project.test_tables", 0.5)]
    cases += [("tests.project.test_documents", 0.5)]
    inside = "".join(f'<testcase classname="{name}" time="{s}"/>' for name, s in cases)
    (tmp_path / "slow.xml").write_text(f'<a><testsuite time="90">{inside}</testsuite></a>')
    found = suite_time.table("slow", tmp_path / "slow.xml").set_index("what")
    assert found.index.tolist() == [
        "all",
        f"{HERE.replace('.', '/')}.py",
        "tests/project, short files",
    ]
    assert found["tests"].tolist() == [4, 2, 2] and found["seconds"].tolist() == [100, 99, 1]
    assert found.loc["all", "wall_min"] == 1.5 and found["share"].tolist() == [1, 0.99, 0.01]


def busy(n: int) -> float:
    return float(sum(np.sin(np.arange(n)).sum() for _ in range(20)))


def outer() -> float:
    return busy(100_000) + inner()


def inner() -> float:
    return busy(200_000)


@pytest.mark.slow
def test_a_part_is_its_functions_without_those_of_others():
    import shares

    parts = {"outer": ([outer], [inner]), "inner": ([inner], []), "absent": (["<imwrite>"], [])}
    rows = shares.profiled(lambda: outer() and 10, parts)
    found = pd.DataFrame(rows).set_index("part")
    assert found.index.tolist() == [*parts, "the rest", "all"]
    assert found["share"].iloc[:-1].sum() == pytest.approx(found["share"]["all"]) == 1
    assert found["share"]["inner"] == pytest.approx(2 / 3, abs=0.15)
    assert found["share"]["absent"] == 0 and found["share"]["the rest"] < 0.1


@pytest.mark.slow
def test_gains_are_over_the_usual_setting_of_the_same_run():
    from step_settings import USUAL, with_gain

    rows = [("a", USUAL, 10.0, 100.0), ("a", "two threads", 15.0, 120.0), ("b", USUAL, 5.0, 200.0)]
    table = pd.DataFrame(rows, columns=["run", "setting", "steps_per_s", "cpu_ms"])
    table = table.assign(reason="")
    failed = pd.DataFrame([{"run": "b", "setting": "compiled", "reason": "no compiler"}])
    found = with_gain(pd.concat([table, failed], ignore_index=True))
    assert found["faster"].tolist()[:3] == [1, 1.5, 1] and np.isnan(found["faster"].iloc[3])
    assert found["faster_cpu"].tolist()[:3] == [1, 100 / 120, 1] and found.columns[-1] == "reason"
