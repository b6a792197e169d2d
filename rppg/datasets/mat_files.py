"""Variables of a MATLAB 5 file, whatever the file holds: arrays, or one error of one line.

>>> import tempfile
>>> from scipy.io import savemat
>>> path = Path(tempfile.mkdtemp()) / "fold1.mat"
>>> savemat(path, {"fold1": [[3, 4]], "other": 1})
>>> {name: array.tolist() for name, array in read_mat(path, ("fold1", "fold2")).items()}
{'fold1': [[3, 4]]}
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

MOST_VALUES = 10_000_000  # of a variable: a small file can hold zeros without end


def read_mat(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The variables of these names, as far as the file has them.

    Raises ValueError, without the path, if it cannot be read, or a variable is larger than
    10,000,000 values or no full array.
    """
    from scipy.io import loadmat, whosmat

    try:
        for name, shape, _ in whosmat(path):
            if name in names and math.prod(shape) > MOST_VALUES:
                raise ValueError(
                    f"{name} is of shape {shape}, expected {MOST_VALUES} values or less"
                )
        content = loadmat(path, variable_names=list(names))
    except MemoryError:
        raise
    except Exception as error:  # scipy has no one error for a file that is none, or is not whole
        found = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"cannot be read as a MATLAB 5 file: {found}") from None
    found = {name: content[name] for name in names if name in content}
    for name, array in found.items():
        if not isinstance(array, np.ndarray):
            kind = type(array).__name__
            raise ValueError(f"cannot be used: {name} is a {kind}, expected a full array")
    return found
