"""Gideon & Stent 2021: net, saliency sampler and multi-view triplet objective."""

from rppg.models.gideon2021.net import Gideon2021, Gideon2021Config
from rppg.models.gideon2021.objective import MultiView, SupervisedWave
from rppg.models.recipe import Recipe, crops_augmentation

RECIPE = Recipe(
    net=Gideon2021,
    config=Gideon2021Config,
    array="wide",
    objective=MultiView,
    supervised_objective=SupervisedWave,
    augmentation=crops_augmentation,
)
