"""Why a stage would run, in words."""

from rppg.workflow.rerun_reasons import changes, some

CODE = {"rppg.losses.sinc": "1", "rppg.losses.snr": "2", "rppg.models": "3", "rppg": "4"}


def test_a_changed_parameter_is_named_with_both_values():
    before = {"training": {"n_steps": 800, "lr": 0.1}, "old": "a", "same": [1, 2]}
    now = {"training": {"n_steps": 900, "lr": 0.1}, "views": 3, "same": [1, 2]}
    assert list(changes({"parameters": before}, {"parameters": now})) == [
        'parameter old "a" -> default',
        "parameter training.n_steps 800 -> 900",
        "parameter views default -> 3",
    ]


def test_a_long_value_is_cut():
    (text,) = changes({"parameters": {"a": 1}}, {"parameters": {"a": "x" * 200}})
    assert text.endswith("...") and len(text) < 90


def test_changed_code_is_named_by_folder_and_file():
    now = CODE | {"rppg.losses.sinc": "x", "rppg.models": "x", "rppg": "x", "rppg.utils.a.b": "x"}
    del now["rppg.losses.snr"]
    assert list(changes({"code": CODE}, {"code": now})) == [
        "code of rppg changed (__init__.py)",
        "code of losses changed (sinc.py, snr.py)",
        "code of models changed (__init__.py)",
        "code of utils changed (a/b.py)",
    ]


def test_a_command_s_function_is_named_with_its_file():
    before = {"code": {"rppg.cli_data:challenge": "1"}}
    after = {"code": {"rppg.cli_data:challenge": "2"}}
    assert list(changes(before, after)) == ["code of challenge changed (cli_data.py)"]


def test_notebook_data_and_inputs_are_named():
    before = {"notebook": "1", "data": "1", "needs": {"parent": "1", "gone": "1"}}
    now = {"notebook": "2", "data": "2", "needs": {"parent": "2", "added": "1"}}
    assert list(changes(before, now)) == [
        "notebook changed",
        "files of the dataset folder changed",
        "changed input parent",
        "new input added",
        "no more input gone",
    ]
    assert list(changes(now, now)) == []


def test_of_many_names_the_first_are_given():
    assert some(list("abc")) == "a, b, c" and some(list("abcde")) == "a, b, c and 2 more"


def test_another_finder_of_landmarks_is_named_and_older_records_are_mediapipes():
    assert list(changes({}, {"finder": "opencv"})) == ["landmarks by opencv, not mediapipe"]
    assert list(changes({}, {"finder": "mediapipe"})) == []
    assert list(changes({"finder": "opencv"}, {})) == []  # its code finds none any more
