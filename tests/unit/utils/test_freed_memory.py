"""Freed memory stays with the process inside the block, and goes back to the system after it."""

import platform
import resource
import subprocess
import sys

import pytest

from rppg.utils import freed_memory
from rppg.utils.freed_memory import freed_memory_kept

N_BYTES = 2**26  # more than glibc keeps by itself
IS_GLIBC = platform.libc_ver()[0] == "glibc"
# In a process of its own: a test runner may allocate from an arena of a thread.
TAKEN_AGAIN = f"""
import resource
from rppg.utils.freed_memory import freed_memory_kept

def page_faults():
    b"x" * {N_BYTES}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    b"x" * {N_BYTES}
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(page_faults())
with freed_memory_kept():
    print(page_faults())
print(page_faults())
"""


@pytest.mark.skipif(not IS_GLIBC, reason="other libraries are left as they are")
def test_memory_that_is_taken_again_is_not_cleared_by_the_system():
    done = subprocess.run([sys.executable, "-c", TAKEN_AGAIN], capture_output=True, text=True)
    before, inside, after = map(int, done.stdout.split())
    n_pages = N_BYTES // resource.getpagesize()
    assert inside < n_pages / 50
    assert min(before, after) > n_pages / 2


@pytest.mark.skipif(not IS_GLIBC, reason="other libraries are left as they are")
@pytest.mark.parametrize("fails", [False, True])
def test_afterwards_what_is_free_goes_back_to_the_system(fails):
    code = (
        "import re\n"
        "from pathlib import Path\n"
        "from rppg.utils.freed_memory import freed_memory_kept\n"
        "status = Path('/proc/self/status')\n"
        "kib = lambda: int(re.search(r'VmRSS:\\s*(\\d+)', status.read_text())[1])\n"
        "try:\n"
        "    with freed_memory_kept():\n"
        "        b'x' * 2**27\n"
        "        kept = kib()\n"
        f"        assert not {fails}, 'a failing run'\n"
        "except AssertionError:\n"
        "    pass\n"
        "print((kept - kib()) / 2**10)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 100


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(freed_memory.platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(freed_memory.ctypes, "CDLL", lambda _: pytest.fail("it was called"))
    with freed_memory_kept():
        pass
