"""The datasets' layouts, written exactly as the real ones have them: one file a dataset.

A dataset's file has

    FOLDER                            its folder below the challenge's root
    clips(config) -> list[Clip]       its recordings; nothing is rendered
    write_labels(folder, config, clips)   all label files below `folder`, once the videos are there
    image_name(clip, index, time_s)   where frames are image files: the name of one

and a line below, under the name by which `rppg.datasets.readers` read it.  Quirks are kept:
readers must not be able to tell a copy from the real dataset.

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
