"""A command whose reader goes ends quietly, with the status that a shell gives it."""

import subprocess
import sys

COMMAND = """
import typer
from rppg.utils.command_options import until_unread

def count():
    with until_unread():
        for number in range(10**7):
            print(number, flush=True)

typer.run(count)
"""


def test_a_reader_that_goes_ends_the_command_quietly():
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", COMMAND], stdout=pipe, stderr=pipe) as process:
        assert process.stdout.readline() == b"0\n"
        process.stdout.close()
        assert process.wait(30) == 141 and process.stderr.read() == b""
