"""Contrast-Phys+: PhysNet and the contrast of power spectra."""

from rppg.models.contrast_phys.objective import Contrast, SupervisedContrast
from rppg.models.contrast_phys.physnet import PhysNet, PhysNetConfig
from rppg.models.recipe import Recipe, crops_augmentation

RECIPE = Recipe(
    net=PhysNet,
    config=PhysNetConfig,
    array="face",
    objective=Contrast,
    supervised_objective=SupervisedContrast,
    augmentation=crops_augmentation,
)
