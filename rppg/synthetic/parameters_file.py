"""challenge.json, the parameters of a synthetic benchmark on disk, as it is read.

>>> import tempfile
>>> path = Path(tempfile.mkdtemp()) / "challenge.json"
>>> n = path.write_text('{"seed": 3}')
>>> stored_parameters(path)
{'seed': 3}
"""

import json
from pathlib import Path

KINDS = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false"}
EXPECTED = "expected the object that rppg challenge writes: remove it, or choose another folder"


def stored_parameters(path: Path) -> dict:
    """The object in the file.  Raises ValueError, with what was found, for anything else."""
    try:
        stored = json.loads(path.read_text())
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, or too deep
        raise ValueError(f"{path} is no JSON ({error}), {EXPECTED}") from None
    if not isinstance(stored, dict):
        raise ValueError(f"{path} holds {KINDS.get(type(stored), 'null')}, {EXPECTED}")
    return stored
