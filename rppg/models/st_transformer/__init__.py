"""The Spatial-Temporal Transformer of MSTmaps and its objectives."""

from rppg.models.recipe import Recipe, maps_augmentation
from rppg.models.st_transformer.net import STTransformer, STTransformerConfig
from rppg.models.st_transformer.objective import SelfSupervised, Supervised

RECIPE = Recipe(
    net=STTransformer,
    config=STTransformerConfig,
    array="mstmap",
    objective=SelfSupervised,
    supervised_objective=Supervised,
    augmentation=maps_augmentation,
)
