"""Names of models, and where a run keeps its weights; importing this imports no torch.

>>> from rppg.models.names import RECIPES
>>> list(RECIPES)
['st_transformer', 'contrast_phys', 'gideon2021']

A model is a folder next to this file and a row in RECIPES (docs/training.md).  Weights that are
part of the package (docs/people.md) lie in BOX, a folder a model.
"""

from pathlib import Path

RECIPES = {  # name -> the package that defines RECIPE
    "st_transformer": "rppg.models.st_transformer",
    "contrast_phys": "rppg.models.contrast_phys",
    "gideon2021": "rppg.models.gideon2021",
}
WEIGHTS = "model.safetensors"  # in a run's folder: the chosen ones
BOX = Path(__file__).with_name("weights")  # of the package: BOX/<name>/model.safetensors
