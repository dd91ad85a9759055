"""`python -m aqueducts_executor`."""

from aqueducts_executor.cli import main

main()
