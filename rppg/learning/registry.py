"""Models by the name that notebooks and commands use, and the runs that trained them.

    model = build("st_transformer", seed=0, dim=32, n_loops=2)
    model, facts = load_run("runs/demo/st_transformer/pretrain")
    facts["normalise"]

A run's folder holds model.safetensors, whose header says what the model is and what it is fed:
the parameters `INPUTS` that were given to fit().
"""

from pathlib import Path

import torch
from torch import nn

from rppg.learning.checkpoint import load_model, read_about
from rppg.learning.models.physnet import PhysNet, PhysNetConfig
from rppg.learning.models.st_transformer import STTransformer, STTransformerConfig

MODELS = {
    "st_transformer": (STTransformer, STTransformerConfig),
    "contrast_phys": (PhysNet, PhysNetConfig),
}
WEIGHTS = "model.safetensors"
INPUTS = ("array", "normalise", "n_frames", "size")  # what a model is fed


def build(name: str, seed: int = 0, **fields) -> nn.Module:
    """A new model of this name; `fields` are its config's.  The same seed gives the same weights.

    Raises ValueError for an unknown name or a field that its config does not have.
    """
    if name not in MODELS:
        raise ValueError(f"no model {name!r}, expected one of {', '.join(MODELS)}")
    model_class, config_class = MODELS[name]
    known = config_class.__dataclass_fields__
    if unknown := sorted(fields.keys() - known.keys()):
        raise ValueError(f"{name} has no field {', '.join(unknown)}; it has {', '.join(known)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return model_class(config_class(**fields))


def load_run(run_dir: Path | str) -> tuple[nn.Module, dict]:
    """The chosen weights of a run, on the CPU in eval mode, and the INPUTS that it was trained on.

    Raises FileNotFoundError where the run has no weights, ValueError where they are of no model in
    MODELS or do not say what they were trained on.
    """
    path = Path(run_dir) / WEIGHTS
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: train that model first")
    about = read_about(path)
    by_class = {classes[0].__name__: classes for classes in MODELS.values()}
    if about["model"] not in by_class:
        raise ValueError(f"{path} holds a {about['model']}, expected one of {', '.join(by_class)}")
    facts = about["made_by"]["parameters"]
    if missing := [name for name in INPUTS if name not in facts]:
        raise ValueError(f"{path} does not say {', '.join(missing)}: train the model again")
    model, _ = load_model(path, *by_class[about["model"]])
    return model, {name: facts[name] for name in INPUTS}
