"""One process or several: the device of a run, and the values that its processes share.

Under `torchrun` every process reads its rank from the environment and joins the others; without it
there is one process.  Means are exact for one process and reproducible for several.
"""

import os

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy

from rppg.training.config import FitConfig
from rppg.training.precision import device_type


def start_fabric(config: FitConfig) -> Fabric:
    """Fabric on config.device with config.precision, joined to the other processes of torchrun.

    Raises ValueError for the device "cuda" without a GPU, and for processes of several precisions.
    """
    fabric = Fabric(
        accelerator=device_type(config),
        devices=int(os.environ.get("LOCAL_WORLD_SIZE", 1)),
        num_nodes=int(os.environ.get("GROUP_WORLD_SIZE", 1)),
        strategy=_StartedByTorchrun() if int(os.environ.get("WORLD_SIZE", 1)) > 1 else "auto",
        precision=config.precision,
    )
    fabric.launch()
    if (first := fabric.broadcast(config.precision)) != config.precision:
        found = f"precision is {config.precision} here and {first} in the first process"
        raise ValueError(f"{found}: their GPUs differ, name a precision in place of 'auto'")
    return fabric


class _StartedByTorchrun(DDPStrategy):
    """DDP among processes that torchrun has started.  Fabric refuses DDP in a notebook, because it
    could not start processes there; here it never has to."""

    def _configure_launcher(self) -> None:
        self._launcher = None


def shared_mean(fabric: Fabric, values: list[float]) -> list[float]:
    """The mean of each value over all processes."""
    if fabric.world_size == 1:
        return list(values)
    own = torch.tensor(values, dtype=torch.float64, device=fabric.device)
    return fabric.all_reduce(own, reduce_op="mean").tolist()


class Means:
    """Means of named values over the steps since they were last taken, and over all processes.

    Values stay on their device until then, so that nothing waits for it.
    """

    def __init__(self, fabric: Fabric):
        self._fabric, self._sums, self._n_steps = fabric, {}, 0

    def count_step(self) -> None:
        self._n_steps += 1

    def add(self, values: dict, weight: float) -> None:
        """Add values of a step, numbers or scalar tensors, with a weight."""
        for name, value in values.items():
            value = torch.as_tensor(value, device=self._fabric.device).detach().double()
            self._sums[name] = self._sums.get(name, 0.0) + weight * value

    def take(self) -> dict[str, float]:
        """Return the means and reset them.  All processes must call it at the same step."""
        state = self.state()
        self._sums, self._n_steps = {}, 0
        return {name: value / state["n_steps"] for name, value in state["sums"].items()}

    def state(self) -> dict:
        """The argument of `load`, equal in all processes, which must call it at the same step."""
        values = [float(value) for value in self._sums.values()]
        self._sums = dict(zip(self._sums, shared_mean(self._fabric, values), strict=True))
        return {"sums": dict(self._sums), "n_steps": self._n_steps}

    def load(self, state: dict) -> None:
        self._sums, self._n_steps = dict(state["sums"]), state["n_steps"]
