"""`python -m wirewright` is the `wirewright` command."""

from wirewright.cli import main

if __name__ == "__main__":
    main()
