"""Which datasets lie below a folder, and how what was found differs from what is published."""

import pytest
from helpers.reader_files import put

from rppg.datasets.readers import FOLDERS, PUBLISHED, READERS, find
from rppg.datasets.readers.expected_counts import Published


def test_datasets_are_found_by_their_folders_names_in_the_readers_order(tmp_path):
    for name in ("VIPL_HR_V2", "ubfc-rppg", "elsewhere"):
        put(tmp_path / name / "note.txt")
    assert find(tmp_path) == {
        "ubfc_rppg": tmp_path / "ubfc-rppg",
        "vipl_hr_v2": tmp_path / "VIPL_HR_V2",
    }


def test_every_known_folder_is_found(tmp_path):
    for name in FOLDERS.values():
        (tmp_path / name).mkdir()
    assert find(tmp_path) == {layout: tmp_path / name for layout, name in FOLDERS.items()}
    assert list(find(tmp_path)) == [layout for layout in READERS if layout in FOLDERS]


def test_two_folders_of_one_dataset_and_no_folder_are_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone is no folder"):
        find(tmp_path / "gone")
    (tmp_path / "UBFC-rPPG").mkdir()
    (tmp_path / "UBFC_rPPG").mkdir()
    with pytest.raises(ValueError, match="UBFC-rPPG and .*UBFC_rPPG are both.*rename one"):
        find(tmp_path)


def test_folders_that_are_nobodys_may_be_named_alike(tmp_path):
    (tmp_path / "my videos").mkdir()
    (tmp_path / "my-videos").mkdir()
    assert find(tmp_path) == {}


@pytest.mark.parametrize("layout", PUBLISHED)
def test_published_facts_name_their_source_and_agree_with_themselves(layout):
    facts = PUBLISHED[layout]
    assert len(facts.source) > 10
    if facts.names:
        assert len({*facts.names}) == len(facts.names) == facts.subjects
    if facts.recordings and facts.subjects:
        assert facts.recordings >= facts.subjects


def test_difference_from_what_is_published_is_readable():
    facts = Published(4, 3, 30.0, "a paper", ("s1", "s2", "s10"))
    assert facts.difference(4, {"s1", "s2", "s10"}) == ""
    assert facts.difference(4, {"s1", "s2", "s11"}) == "subjects missing: s10; not published: s11"
    assert facts.difference(1, {"s1"}) == (
        "1 recordings of 1 subjects found, 4 of 3 published; subjects missing: s2, s10"
    )
    unknown = Published(None, None, None, "rules that are not public")
    assert unknown.difference(7, {"a"}) == ""
    many = Published(None, 100, None, "a paper", tuple(f"s{n}" for n in range(100)))
    assert many.difference(1, {"s0"}).endswith("s7, s8 and 91 more")
