"""Two real faces with contact PPG, from the package index: rates and waves against it."""

import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def people(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import people

    return people


@pytest.mark.slow
def test_classical_methods_on_two_real_faces(people, tmp_path):
    try:
        faces = people.package_faces(tmp_path)
    except ConnectionError as error:
        pytest.skip(f"the two real faces cannot be downloaded: {error}")
    rows = people.measure(faces, [])
    sys.modules.pop("people_tables", None)
    from people_tables import by_kind, how_few

    table = by_kind(rows).reset_index().set_index("method")
    print(how_few(rows), table.to_string(), sep="\n")
    assert how_few(rows).startswith("2 real face(s) with contact PPG")
    assert table.loc["mean predictor", "mae_bpm"] > 2  # the two rates differ
    assert table["within_5bpm"].max() > 0.9
    assert table["wave_r"].max() > 0.5
