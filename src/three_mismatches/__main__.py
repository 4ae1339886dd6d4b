"""`python -m three_mismatches` is the command line."""

from three_mismatches.cli import main

if __name__ == "__main__":
    main()
