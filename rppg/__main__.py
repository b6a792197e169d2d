"""`python -m rppg`, and the `rppg` command, of the package that this Python imports."""

import os

from rppg.utils.leaving import left_at_once


def main() -> None:
    """The command, as `rppg.cli.main`, in a process that does nothing after it."""
    _open_closed_streams()
    with left_at_once():
        from rppg import cli

        cli.main()


def _open_closed_streams() -> None:
    """What is closed of stdin, stdout and stderr (`>&-`) leads nowhere, for all that it starts: a
    file or socket opened later would take its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # the lowest number that is free is given
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


if __name__ == "__main__":
    main()
