"""Programs that end at once: what they print, their exit status and what is registered stay."""

import os
import signal
import subprocess
import sys

import pytest

HEAD = "import atexit, os, sys\nfrom rppg.utils.leaving import left_at_once\n"
KEEPS = "class Slow:\n    def __del__(self): os.write(1, b'taken apart')\nkept = Slow()\n"


def run(body: str, head: str = "", **options) -> subprocess.CompletedProcess:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    code = f"{HEAD}{head}with left_at_once():\n{lines}"
    options = {"capture_output": True, "text": True} | options
    return subprocess.run([sys.executable, "-c", code], **options)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ("pass", 0, ""),
        ("sys.exit()", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit(-1)", 255, ""),
        ("sys.exit('what is wrong')", 1, "what is wrong\n"),
        ("raise ValueError('what is wrong')", 1, "ValueError: what is wrong\n"),
    ],
)
def test_the_exit_status_and_what_is_said_are_pythons(body, status, error):
    done = run(f"print('done', end='')\n{body}", head=KEEPS)
    assert (done.returncode, done.stdout) == (status, "done") and done.stderr.endswith(error)
    plain = subprocess.run([sys.executable, "-c", f"import sys\n{body}"], capture_output=True)
    assert plain.returncode == status


def test_what_is_registered_inside_is_called_and_threads_are_waited_for():
    body = "import threading, time\natexit.register(print, 'last')\n"
    body += "threading.Thread(target=lambda: (time.sleep(0.3), print('thread'))).start()"
    assert run(body).stdout.split() == ["thread", "last"]


def test_an_interrupt_ends_the_process_by_its_signal():
    body = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    assert run(body + "os.kill(os.getpid(), signal.SIGINT)").returncode == -signal.SIGINT


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="writes to a full device")
def test_output_that_is_lost_is_no_success(monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    with open("/dev/full", "w") as full:
        done = run("print('done')", stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert done.returncode == 120


def test_a_stream_that_is_closed_from_the_start_is_no_error():
    done = run("sys.exit(4)", head="sys.stdout = None\n")
    assert (done.returncode, done.stderr) == (4, "")


@pytest.mark.slow
def test_the_command_gives_what_it_starts_streams_that_lead_nowhere():
    shows = "import os, sys; from rppg import __main__ as m; m._open_closed_streams(); "
    child = "import os; os.write(1, b'x'); os.read(0, 1)"
    shows += f"os.execl(sys.executable, 'python', '-c', {child!r})"
    command = ["bash", "-c", '"$0" -c "$1" <&- >&-', sys.executable, shows]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "")
