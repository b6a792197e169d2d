"""Files of weights that are damaged, or made to harm: one line, in seconds, with little memory."""

import json
import os
import pickle
import struct
import zipfile

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from rppg.models.checkpoint import load_state, save_model, save_state
from rppg.models.registry import build, inputs_of, load_run, shape_for

pytestmark = pytest.mark.malformed

INPUTS = inputs_of("st_transformer", n_frames=60, normalise="zscore")


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    net = build("st_transformer", **shape_for(INPUTS), dim=8, n_loops=1, patch=4)
    folder = tmp_path_factory.mktemp("good")
    return save_model(folder / "model.safetensors", net, {"parameters": INPUTS}).read_bytes()


@pytest.fixture
def path(good, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(good)
    return tmp_path / "model.safetensors"


def rewritten(path, change_weights=None, change_about=None):
    """The file with other weights and facts, as safetensors writes them."""
    with safe_open(path, "pt") as file:
        about = json.loads(file.metadata()["about"])
    weights = load_file(path)
    if change_weights:
        change_weights(weights)
    if change_about:
        about = change_about(about) or about
    save_file(weights, path, metadata={"about": json.dumps(about)})


def claims(path, length):
    path.write_bytes(struct.pack("<Q", length) + path.read_bytes()[8:])


def archive(path):
    path.unlink()
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("data.pkl", b"x")


def tensors(change):
    return lambda path: rewritten(path, change_weights=change)


def about(**values):
    return lambda path: rewritten(path, change_about=lambda facts: facts.update(values))


def config(**values):
    return lambda path: rewritten(path, change_about=lambda facts: facts["config"].update(values))


def inputs(**values):
    def change(facts):
        facts["made_by"]["parameters"].update(values)

    return lambda path: rewritten(path, change_about=change)


HEAD = "head.weight"
DAMAGED = {  # what it is: (how it is made, what the error says)
    "empty": (lambda path: path.write_bytes(b""), "not written by save_model"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-100]), "not written by save_model"),
    "cut in its header": (lambda path: path.write_bytes(path.read_bytes()[:50]), "not written by"),
    "a header of 2^60 bytes": (lambda path: claims(path, 2**60), "not written by save_model"),
    "a header of 99 MB": (lambda path: claims(path, 99_000_000), "not written by save_model"),
    "junk": (lambda path: path.write_bytes(os.urandom(4096)), "not written by save_model"),
    "a pickle": (lambda path: path.write_bytes(pickle.dumps([1])), "not written by save_model"),
    "an archive": (archive, "not written by save_model"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "is no file"),
    "a pipe": (lambda path: (path.unlink(), os.mkfifo(path)), "is no file"),
    "no facts": (lambda path: save_file({"a": torch.ones(1)}, path), "not written by save_model"),
    "facts as a list": (lambda path: rewritten(path, change_about=lambda _: [1]), "not written by"),
    "deep facts": (
        lambda path: save_file({"a": torch.ones(1)}, path, metadata={"about": "[" * 100_000}),
        "not written by save_model",
    ),
    "an unknown model": (about(model="Nobody"), "holds a Nobody, expected one of STTransformer"),
    "a model that steers a terminal": (
        about(model="\x1b[31mx\u2028"),
        r"has '\\x1b\[31mx\\u2028' as",
    ),
    "a model without a name": (about(model=""), "has '' as 'model', expected a class"),
    "a tensor that steers a terminal": (
        tensors(lambda w: w.update({"\x1b[31m": torch.ones(1)})),
        r"\\x1b\[31m is F32",
    ),
    "a model as number": (about(model=3), "a int as 'model', expected a str"),
    "another net": (about(model="PhysNet"), "which a PhysNet cannot see"),
    "no config": (about(config=None), "but its config is"),
    "a config as list": (about(config=[1]), "a list as 'config'"),
    "no parameters": (about(made_by={}), "does not say array, normalise, n_frames, size"),
    "an unknown field": (config(depth=3), "config in .* is not a STTransformerConfig"),
    "a field of another type": (config(dim="8"), "config has dim '8', expected a int"),
    "a flag as text": (config(pre_norm="yes"), "config has pre_norm 'yes', expected a bool"),
    "a field below its range": (config(patch=0), "patch is 0, expected 1 or more"),
    "a huge net": (config(dim=10**9), "dim 1000000000, expected a int, 100,000 at most"),
    "a large net": (config(dim=90_000), "does not fit this STTransformer"),
    "a net of many layers": (
        config(n_loops=90_000),
        "STTransformer: it asks for more than",
    ),
    "other frames": (config(n_frames=30), "was trained on .*n_frames"),
    "an unknown array": (inputs(array="hand"), "it says that array is 'hand'"),
    "an unknown normalisation": (inputs(normalise=[1]), "it says that normalise is"),
    "frames as text": (inputs(n_frames="60"), "it says that n_frames is '60'"),
    "a huge crop": (inputs(size=10**9), "it says that size is 1000000000"),
    "NaN": (tensors(lambda w: w[HEAD].fill_(torch.nan)), "head.weight has values that are NaN"),
    "infinity": (tensors(lambda w: w[HEAD].fill_(torch.inf)), "NaN or infinite"),
    "a missing tensor": (tensors(lambda w: w.pop(HEAD)), "head.weight is not there, expected F32"),
    "a further tensor": (tensors(lambda w: w.update(x=torch.ones(1))), r"x is F32 \[1\], expected"),
    "another shape": (
        tensors(lambda w: w.update({HEAD: torch.ones(3)})),
        r"head.weight is F32 \[3\], expected F32",
    ),
    "another type": (
        tensors(lambda w: w.update({HEAD: w[HEAD].double()})),
        "head.weight is F64 .*, expected F32",
    ),
}


def test_the_file_itself_is_a_good_one(path):
    assert load_run(path.parent)[1] == INPUTS


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_of_weights_is_one_line_that_names_it(path, what):
    damage, says = DAMAGED[what]
    damage(path)
    with pytest.raises(ValueError, match=says) as error:
        load_run(path.parent)
    assert str(error.value).isprintable() and str(path) in str(error.value)
    assert len(str(error.value)) < 1500


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data/0", bytes(10_000_000))


STATES = {
    "empty": lambda path: path.write_bytes(b""),
    "junk": lambda path: path.write_bytes(os.urandom(999)),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-99]),
    "a pickle": lambda path: path.write_bytes(pickle.dumps({"model": {}})),
    "an old file of torch": lambda path: torch.save({}, path, _use_new_zipfile_serialization=False),
    "an archive that grows": bomb,
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a list": lambda path: save_state(path, [1]),
}


@pytest.mark.parametrize("what", STATES)
def test_a_damaged_state_is_one_line_that_says_what_to_do(tmp_path, what):
    path = save_state(tmp_path / "state.pt", {"model": {"a": torch.ones(9)}})
    STATES[what](path)
    with pytest.raises(
        ValueError, match="state.pt cannot be read .* remove it to restart"
    ) as error:
        load_state(path)
    assert "\n" not in str(error.value)
