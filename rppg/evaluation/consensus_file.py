"""The fitted consensus that is part of the package, and reading and writing such files.

    fitted = load_consensus()["classical"]
    fitted.rules, fitted.calibration, fitted.fitted_on

A file is JSON: by name of a set of members, the coefficients and what they were fitted on.
`benchmarks/consensus.py` writes it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rppg.evaluation.confidence import Calibration
from rppg.evaluation.consensus import Rules, rules_to_dict
from rppg.utils.atomic import atomic_write

PACKAGED = Path(__file__).with_name("consensus.json")


@dataclass(frozen=True)
class Fitted:
    """A consensus that can be used: rules, calibration, and a sentence on what they are from."""

    rules: Rules
    calibration: Calibration
    fitted_on: str


def load_consensus(path: Path = PACKAGED) -> dict[str, Fitted]:
    """Every consensus of a file by name.  Raises ValueError, with the file's name, for one that is
    damaged, FileNotFoundError if it is not there."""
    try:
        stored = json.loads(path.read_text())
        return {
            name: Fitted(Rules(**one["rules"]), Calibration(**one["calibration"]), one["fitted_on"])
            for name, one in stored.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        advice = "if another version wrote it, write it again with benchmarks/consensus.py"
        text = f"{path} is no file of consensus coefficients: {error}; {advice}"
        raise ValueError(text) from None


def save_consensus(fitted: Mapping[str, Fitted], path: Path) -> None:
    """Write a file, atomically."""
    content = {
        name: {
            "fitted_on": one.fitted_on,
            "rules": rules_to_dict(one.rules),
            "calibration": asdict(one.calibration),
        }
        for name, one in fitted.items()
    }
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    atomic_write(path, lambda part: part.write_text(text))


def consensus_for(members: Sequence[str], path: Path = PACKAGED) -> Fitted:
    """The consensus with the fewest weights that has one for each member.  Raises ValueError,
    with those that it knows, if there is none."""
    known = load_consensus(path)
    fits = [one for one in known.values() if set(members) <= set(one.rules.weights)]
    if not fits:
        sets = "; or ".join(", ".join(one.rules.weights) for one in known.values())
        raise ValueError(f"no consensus is fitted for {', '.join(members)}: expected of {sets}")
    return min(fits, key=lambda one: len(one.rules.weights))
