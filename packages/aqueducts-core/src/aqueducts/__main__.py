"""`python -m aqueducts`: the same as the `aqueducts` command."""

from __future__ import annotations

from aqueducts.cli import main

if __name__ == "__main__":
    main()
