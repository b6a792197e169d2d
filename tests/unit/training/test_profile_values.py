"""Values of a profile that only the package's own classes know to be wrong; and its tables of names
agree with the modules that define them."""

import shutil
from pathlib import Path

import pytest

from rppg.dataloader.normalise import NORMALISATIONS
from rppg.preprocessing.mstmap import REGIONS
from rppg.preprocessing.prepare_recording import CROPS
from rppg.preprocessing.tracking import TRACKINGS
from rppg.studies.gideon2021.training_setup import LABEL_FREE, LABELLED
from rppg.studies.relcon.data.readers import READERS
from rppg.studies.relcon.pretraining.augment import AUGMENTATIONS
from rppg.studies.relcon.pretraining.methods import DISTANCES, METHODS
from rppg.studies.relcon.probing.tasks import PROBES
from rppg.training import config
from rppg.training.profile_values import checked_profile
from rppg.workflow import profile_files
from rppg.workflow.parameter_values import CHOICES, MOST
from rppg.workflow.preflight import refuse_data
from rppg.workflow.profiles import ProfileError, profile_names
from rppg.workflow.stage_names import MODALITIES

PROFILES = Path(__file__).parents[3] / "notebooks" / "profiles"
NET = "st_transformer/pretrain: {parameters: "
CROPS_NET = "contrast_phys/pretrain: {parameters: "
LABELLED_NET = "st_transformer/scratch: {parameters: "
WRONG = {  # what it is: (over smoke, what the error says)
    "an unknown level": ("challenge: {level: x}", "challenge: found level 'x': expected one of"),
    "no second": ("challenge: {seconds: 0}", "challenge: found recordings of .* expected 3 s or"),
    "an odd size": ("challenge: {width: 321}", "challenge: found size 321x240: expected multiples"),
    "too many people": ("challenge: {n_train: 5000}", "challenge: found subjects per dataset"),
    "a pulse below zero": ("challenge: {pulse_amplitude_scale: -1}", "scale: found -1, expected"),
    "an unknown loss": (f"runs: {{{NET}{{weights: {{perodicity: 0.0}}}}}}}}", "'periodicity'"),
    "a loss as text": (f"runs: {{{NET}{{weights: {{variance: a}}}}}}}}", "expected a number"),
    "an unknown field": (f"runs: {{{NET}{{architecture: {{dims: 3}}}}}}}}", r"mean 'dim'\?"),
    "a field of the clips": (f"runs: {{{NET}{{architecture: {{n_frames: 30}}}}}}}}", "unknown key"),
    "a field below one": (
        f"runs: {{{NET}{{architecture: {{patch: 0}}}}}}}}",
        "patch is 0, expected",
    ),
    "an unknown label loss": (
        f"runs: {{{LABELLED_NET}{{label_weights: {{snr: 1.0}}}}}}}}",
        "label_weights.snr: found an unknown key",
    ),
    "an unknown model": (
        f"runs: {{{LABELLED_NET}{{model: physnet}}}}}}",
        "model: found no model 'physnet'",
    ),
    "an odd crop": (f"runs: {{{CROPS_NET}{{size: 48}}}}}}", "size: found 48, expected a divisor"),
    "an unknown form": (
        f"runs: {{{CROPS_NET}{{architecture: {{form: x}}}}}}}}",
        "found no form 'x'",
    ),
    "too short simulated clips": (
        "notebooks: {01_preprocess: {simulated: {seconds: 1.0}}}",
        "01_preprocess.simulated: found clips of 1.0 s",
    ),
    "an unknown setting of simulated clips": (
        "notebooks: {01_preprocess: {simulated: {n_clip: 9}}}",
        "simulated.n_clip: found an unknown key",
    ),
    "options of another modality's reader": (
        "notebooks: {01_preprocess: {reader_options: {PAMAP2: {position: ankle}}}}",
        "01_preprocess.reader_options: found {'PAMAP2': .* layouts of ubfc_rppg, ",
    ),
    "an option without its reader": (
        "notebooks: {01_preprocess: {reader_options: {nir: true}}}",
        "reader_options: found {'nir': True}, expected {layout: options}",
    ),
    "a warm-up beyond": (
        f"runs: {{{NET}{{training: {{warmup_steps: 9}}}}}}}}",
        "warmup_steps is 9",
    ),
}


@pytest.mark.slow
def test_every_profile_of_the_project_can_begin():
    for name in profile_names():
        assert checked_profile(name).file == name


@pytest.mark.parametrize("what", WRONG)
def test_a_run_that_could_not_begin_is_one_line_with_file_and_key(tmp_path, monkeypatch, what):
    text, says = WRONG[what]
    monkeypatch.setattr(profile_files, "profiles_dir", lambda: tmp_path / "notebooks/profiles")
    monkeypatch.setattr(profile_files, "project_dir", lambda start: tmp_path)
    (tmp_path / "notebooks" / "profiles").mkdir(parents=True)
    shutil.copy(PROFILES / "smoke.yaml", tmp_path / "notebooks" / "profiles")
    path = tmp_path / "notebooks" / "profiles" / "mine.yaml"
    path.write_text(f"extends: smoke\n{text}\n")
    with pytest.raises(ProfileError, match=says) as error:
        checked_profile("mine")
    line = str(error.value)
    assert "\n" not in line and line.startswith("notebooks/profiles/mine.yaml: ")
    assert "expected" in line


def test_names_are_those_of_the_modules_that_define_them():
    assert CHOICES["normalise"] == tuple(NORMALISATIONS) and CHOICES["crops"] == CROPS
    assert CHOICES["tracking"] == tuple(TRACKINGS)
    assert CHOICES["loss"] == (LABEL_FREE, *LABELLED)
    assert CHOICES["method"] == tuple(METHODS) and CHOICES["attention"] == tuple(DISTANCES)
    assert MODALITIES["motion"].layouts == tuple(READERS)
    assert CHOICES["probe"] == PROBES and MOST["n_augmentations"] == len(AUGMENTATIONS)
    assert CHOICES["precision"] == config.PRECISIONS and CHOICES["device"] == config.DEVICES
    assert CHOICES["schedule"] == config.SCHEDULES and MOST["views"] == len(REGIONS)


def test_a_folder_of_data_that_is_none_is_named_with_where_it_was_given(monkeypatch):
    profile = checked_profile("own", data=Path("/nowhere"))
    with pytest.raises(FileNotFoundError, match="data /nowhere is not a folder"):
        refuse_data(profile, "data")
