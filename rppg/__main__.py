"""`python -m rppg`: the `rppg` command, of the package that this Python imports."""

from rppg.cli import main

if __name__ == "__main__":
    main()
