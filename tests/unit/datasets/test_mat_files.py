"""MATLAB files that are damaged, or made to harm: one line, in little time and memory."""

import h5py
import numpy as np
import pytest
import scipy.sparse
from scipy.io import savemat

from rppg.datasets.mat_files import MOST_VALUES, read_mat

pytestmark = pytest.mark.malformed


def save(path, value, **more):
    savemat(path, {"a": value, "b": 1}, **more)


def hdf5(path):
    with h5py.File(path, "w", userblock_size=512) as file:
        file["a"] = [1.0]
    content = bytearray(path.read_bytes())
    content[:128] = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    path.write_bytes(content)


def cut(path):
    save(path, np.arange(99.0))
    path.write_bytes(path.read_bytes()[:-60])


MALFORMED = {
    "empty": lambda path: path.write_bytes(b""),
    "junk": lambda path: path.write_bytes(bytes(range(256)) * 9),
    "cut off": cut,
    "version 7.3": hdf5,
    "a sparse matrix": lambda path: save(path, scipy.sparse.csc_matrix(np.eye(3))),
    "zeros without end": lambda path: save(
        path, np.zeros(MOST_VALUES + 1, np.uint8), do_compression=True
    ),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_what_is_no_file_of_arrays_is_one_line(tmp_path, what):
    MALFORMED[what](tmp_path / "x.mat")
    with pytest.raises(
        ValueError, match="^cannot be (read as a MATLAB 5 file: .|used: a is a csc)"
    ) as error:
        read_mat(tmp_path / "x.mat", ("a",))
    assert "\n" not in str(error.value)


def test_bytes_that_are_changed_are_one_line_or_another_array(tmp_path):
    path = tmp_path / "x.mat"
    save(path, np.arange(50.0), do_compression=True)
    content, rng, n_refused = path.read_bytes(), np.random.default_rng(0), 0
    for _ in range(60):
        changed = bytearray(content)
        changed[rng.integers(len(changed))] = rng.integers(256)
        path.write_bytes(changed)
        try:
            read_mat(path, ("a",))
        except ValueError as error:
            n_refused += str(error).startswith("cannot be ")
    assert n_refused > 10
