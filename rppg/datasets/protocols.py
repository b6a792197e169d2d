"""Published ways to split a dataset by subject, by name, and the seeded one for all others.

>>> fold_of = PROTOCOLS["pure"].rule(None)
>>> [fold_of(number) for number in (1, 9, 10, 11)]
['train', 'dev', 'test', None]

`fold_files.py` makes fold files by them.  A protocol is either read from a file of the dataset, a
list whose source is named here, or seeded; a comment says what could not be verified.

A published list names a subject by its number, the first number in its subject id: 1 for 01, p1,
subject1 and SN001.  The subjects of UBFC-rPPG's DATASET_1 (d1-...), which no published split has,
thus all go where subject1 goes; whether one of them is also in DATASET_2 is not known.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rppg.datasets.fold_tables import WORDS
from rppg.datasets.mat_files import read_mat

Rule = Callable[[int], "int | str | None"]  # subject's number -> its fold, None: not in the list


@dataclass(frozen=True)
class Protocol:
    """One way to split.

    source: where it is published, or what it is.  rule: from the dataset's folder to the rule by
    number; None means seeded: into five folds, into train and dev with `dev_fraction` of the
    subjects, or into train, dev and test with these `shares` of them.  datasets: the ones it is
    for, any if empty.  files: paths in the dataset's folder of which it needs one.
    """

    source: str
    rule: Callable[[Path], Rule] | None = None
    dev_fraction: float | None = None
    shares: tuple[float, float, float] | None = None
    datasets: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def _listed(train=(), dev=(), test=()) -> Callable[[Path], Rule]:
    """The rule of three published lists of subjects."""
    lists = {"train": train, "dev": dev, "test": test}
    fold_of = {number: word for word, numbers in lists.items() for number in numbers}
    return lambda root: fold_of.get


def cohface_lists(root) -> Callable[[int], str | None]:
    """Subject's number -> train, dev or test, by COHFACE's protocols/all/<word>.txt.

    Lines are <subject>/<session>/data (github.com/bioidiap/bob.db.cohface has the same files; its
    protocols `clean` and `natural` are the sessions 0 and 1, or 2 and 3, of the same subjects).
    Raises FileNotFoundError for a file that is missing; ValueError, with file and line, for a line
    of another form and for a subject that another of the files has.
    """
    word_of: dict[int, str] = {}
    for word in WORDS:
        path = Path(root) / "protocols" / "all" / f"{word}.txt"
        for number, line in enumerate(_existing(path).read_text().splitlines(), start=1):
            found = re.fullmatch("([0-9]+)/[0-9]+/data", line.strip())
            if not found:
                expected = "expected <subject>/<session>/data, such as 1/0/data"
                raise ValueError(f"{path}, line {number}: found {line!r}, {expected}")
            subject = int(found[1])
            if word_of.setdefault(subject, word) != word:
                other = f"is in {word_of[subject]}.txt already, expected it in one file only"
                raise ValueError(f"{path}, line {number}: subject {subject} {other}")
    return word_of.get


def vipl_folds(root) -> Callable[[int], int | None]:
    """Subject's number -> fold 0 to 4, by VIPL-HR's fold/fold{1..5}.mat (also fold_split/).

    Each file's variable fold{i} is an array of the numbers N, from 1, of the folders p<N> that
    are tested in round i.  Raises FileNotFoundError for a file that is missing; ValueError for one
    that cannot be read or does not hold such numbers, and for a subject in two files.
    """
    folder = Path(root) / ("fold" if (Path(root) / "fold").is_dir() else "fold_split")
    fold_of: dict[int, int] = {}
    for i in range(1, 6):
        path = _existing(folder / f"fold{i}.mat")
        for subject in _subjects(path, f"fold{i}"):
            if subject in fold_of:
                other = (
                    f"is in fold{fold_of[subject] + 1}.mat already, expected it in one file only"
                )
                raise ValueError(f"{path}: subject {subject} {other}")
            fold_of[subject] = i - 1
    return fold_of.get


def _subjects(path: Path, variable: str) -> list[int]:
    """The whole numbers from 1 up in a variable of a MATLAB file."""
    try:
        content = read_mat(path, (variable,))
    except ValueError as error:
        raise ValueError(f"{path} {error}") from error
    if variable not in content:
        raise ValueError(f"{path} has no variable {variable}, expected it")
    numbers = np.asarray(content[variable]).ravel()
    if numbers.dtype.kind not in "iuf" or not np.all((numbers >= 1) & (numbers % 1 == 0)):
        found = f"found {numbers.dtype} {numbers[:5].tolist()}"
        raise ValueError(f"{path}, {variable}: {found}, expected subjects' numbers from 1 up")
    return [int(number) for number in numbers]


def _existing(path: Path) -> Path:
    if not path.is_file():
        advice = "take it from the dataset, or protocol 'seeded', which needs no file"
        raise FileNotFoundError(f"{path} is missing: {advice}")
    return path


TOYOTA = "github.com/ToyotaResearchInstitute/RemotePPG, iccv/src/"
SUN = "github.com/zhaodongsun/contrast-phys, contrast-phys+/utils_data.py, "
HR_CNN = "github.com/radimspetlik/hr-cnn, bob/db/"
PROTOCOLS = {
    "seeded": Protocol("split_by_subject: nothing published"),
    "train_dev_test": Protocol("seeded here, for data without a test set", shares=(0.6, 0.2, 0.2)),
    "round_robin": Protocol(
        TOYOTA + "dset.py: fold = number % 5; the ICCV 2021 paper's for UBFC-rPPG and MR-NIRP-Car",
        lambda root: lambda number: number % 5,
    ),
    # hr-cnn's dev.txt has one recording of each training subject, so train and dev are by its
    # train-train.txt and train-validation.txt.  These share subject 6 by 06-02, which no copy of
    # PURE has: the other five are in train-validation.
    "pure": Protocol(
        HR_CNN + "pure/data/protocols/all/{train-train,train-validation,test}.txt",
        _listed(train=(1, 4, 5, 7, 8), dev=(6, 9), test=(2, 3, 10)),
        datasets=("PURE",),
    ),
    "pure_contrast_phys": Protocol(
        SUN + "PURE_split",
        _listed(train=(1, 2, 3, 4, 5, 7), test=(6, 8, 9, 10)),
        datasets=("PURE",),
    ),
    "cohface": Protocol(
        "the dataset's own protocols/all/{train,dev,test}.txt",
        cohface_lists,
        datasets=("COHFACE",),
        files=("protocols",),
    ),
    "cohface_bob": Protocol(
        "github.com/bioidiap/bob.db.cohface, bob/db/cohface/protocols/all/{train,dev,test}.txt",
        _listed(
            train=(1, 4, 16, 21, 25, 27, 28, 29, 31, 33, 35, 38),
            dev=(2, 5, 6, 7, 9, 17, 18, 19, 24, 36, 37, 39),
            test=(3, 8, 10, 11, 12, 13, 14, 15, 20, 22, 23, 26, 30, 32, 34, 40),
        ),
        datasets=("COHFACE",),
    ),
    # Which numbers are in the five files was not seen in any public text; their names, the name
    # of the variable and the counting from 1 were.
    "vipl_hr_official": Protocol(
        "the dataset's own fold{1..5}.mat, as read by github.com/yuhang1070/rPPG_Strong_Baseline, "
        "datasets/vipl.py, and github.com/sugaoji/MultiScaleFuseDrppg, Utils/fold_split",
        vipl_folds,
        datasets=("VIPL-HR",),
        files=("fold", "fold_split"),
    ),
    # Qian et al. 2024 (arXiv 2406.04942) split 8:2; by what, and with which seed, they do not say.
    "vipl_hr_v2": Protocol(
        "arXiv 2406.04942: training and validation 8:2; seeded here",
        dev_fraction=0.2,
        datasets=("VIPL-HR-V2",),
    ),
    "ubfc_rppg_contrast_phys": Protocol(
        SUN + "UBFC_LU_split",
        _listed(train=range(1, 38), test=range(38, 50)),
        datasets=("UBFC-rPPG",),
    ),
    "ubfc_rppg_remoteppg": Protocol(
        TOYOTA + "preprocessing/UBFC.py, subject_to_fold",
        _listed(train=range(1, 34), dev=range(34, 42), test=range(42, 50)),
        datasets=("UBFC-rPPG",),
    ),
    "ubfc_phys": Protocol(
        TOYOTA + "preprocessing/UBFC_Phys.py, subject_to_fold",
        _listed(train=range(1, 35), dev=range(35, 46), test=range(46, 57)),
        datasets=("UBFC-Phys",),
    ),
    "mr_nirp_car": Protocol(
        TOYOTA + "preprocessing/MR_NIRP_Car.py, subject_to_fold",
        _listed(train=range(1, 13), dev=range(13, 16), test=range(17, 20)),
        datasets=("MR-NIRP-Car",),
    ),
    "obf": Protocol(
        SUN + "OBF_split: ten folds of ten consecutive subjects",
        lambda root: lambda number: (number - 1) // 10 if 1 <= number <= 100 else None,
        datasets=("OBF",),
    ),
    # dev.txt there repeats recordings of training subjects, as PURE's does.
    "ecg_fitness": Protocol(
        HR_CNN + "ecg_fitness/data/protocols/all/{train-train,train-validation,test}.txt",
        _listed((0, 1, 2, 4, 9, 10, 14, 15), dev=(6, 11, 13, 16), test=(3, 5, 7, 8, 12)),
        datasets=("ECG-Fitness",),
    ),
}

# What each dataset is split by if nothing is asked for: the first whose files are there.
DEFAULT = {
    "folder": ("train_dev_test",),  # own videos
    "UBFC-rPPG": ("round_robin",),
    "PURE": ("pure",),
    "MMSE-HR": ("seeded",),
    "DISFA": ("seeded",),
    "OBF": ("obf",),
    "COHFACE": ("cohface", "cohface_bob"),
    "MR-NIRP-Car": ("round_robin",),
    "VIPL-HR": ("vipl_hr_official", "seeded"),
    "VIPL-HR-V2": ("vipl_hr_v2",),
    "UBFC-Phys": ("ubfc_phys",),
    "ECG-Fitness": ("ecg_fitness",),
}

# Ids that one person has besides their own: (dataset, number): number.
# MR-NIRP-Car: "Subject 16 is actually also subject 2, but at night", RemotePPG's MR_NIRP_Car.py.
SAME_PERSON = {("MR-NIRP-Car", 16): 2}
