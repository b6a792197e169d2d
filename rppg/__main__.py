"""`python -m rppg`, and the `rppg` command, of the package that this Python imports."""

from rppg.utils.leaving import left_at_once


def main() -> None:
    """The command, as `rppg.cli.main`, in a process that does nothing after it."""
    with left_at_once():
        from rppg import cli

        cli.main()


if __name__ == "__main__":
    main()
