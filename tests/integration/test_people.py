"""Two real faces with contact PPG, from the package index: rates and waves against it, by the
classical methods, the nets in the box and the consensus."""

import sys
from pathlib import Path

import pytest

from rppg.models.names import RECIPES

FOLDER = Path(__file__).parents[2] / "benchmarks"
AIM_BPM = 2.0  # mean absolute error over all windows


@pytest.fixture
def people(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import people

    return people


@pytest.mark.slow
def test_every_method_on_two_real_faces(people, tmp_path):
    try:
        faces = people.package_faces(tmp_path)
    except ConnectionError as error:
        pytest.skip(f"the two real faces cannot be downloaded: {error}")
    rows = people.measure(faces, [None])
    sys.modules.pop("people_tables", None)
    from people_tables import by_kind, how_few

    table = by_kind(rows).loc["face"]
    print(how_few(rows), table.to_string(), sep="\n")
    assert how_few(rows).startswith("2 real face(s) with contact PPG")
    assert table.loc["mean predictor", "mae_bpm"].item() > 2  # the two rates differ
    assert table["wave_r"].max() > 0.5
    box = table[table.index.get_level_values("weights").str.startswith("box")]
    assert set(box.index.get_level_values("method")) == {"consensus", *RECIPES}
    assert box["within_5bpm"].min() == 1 and box["mae_bpm"].max() <= AIM_BPM
