"""Layouts of the datasets, written exactly as in the originals: one module per dataset.

A module has

    FOLDER                            its folder in the benchmark's root
    clips(config) -> list[Clip]       its recordings; nothing is rendered
    write_labels(folder, config, clips)   writes all label files, after the videos
    image_name(clip, index, time_s)   name of an image, if frames are image files

and an entry below, under the name of its reader in `rppg.datasets.readers`.  Quirks are reproduced:
readers must not be able to tell a copy from the original.

    >>> from rppg.synthetic.config import ChallengeConfig
    >>> [clip.path for clip in DATASETS["ubfc_rppg"].clips(ChallengeConfig(n_ubfc=1))]
    ['UBFC-rPPG/DATASET_1/1-gt/vid.avi']
"""

from rppg.synthetic.layouts import (
    cohface,
    disfa,
    ecg_fitness,
    mmse_hr,
    mr_nirp_car,
    obf,
    pure,
    repss_test_set,
    ubfc_phys,
    ubfc_rppg,
    vipl_hr,
    vipl_hr_v2,
)

DATASETS = {
    "ubfc_rppg": ubfc_rppg,
    "vipl_hr_v2": vipl_hr_v2,
    "pure": pure,
    "mmse_hr": mmse_hr,
    "disfa": disfa,
    "cohface": cohface,
    "mr_nirp_car": mr_nirp_car,
    "ubfc_phys": ubfc_phys,
    "ecg_fitness": ecg_fitness,
    "obf": obf,
    "vipl_hr": vipl_hr,
    "challenge_test": repss_test_set,
}
