"""Run the benchmarks: each task in a child process of its own, beside its peers, in turn.

python benchmarks/run.py                    # everything, about half an hour on two cores
python benchmarks/run.py --quick            # small inputs: do all tasks work, are results equal
python benchmarks/run.py csv_join --rounds 9
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import adbc
import csv_join
import delta_kills
import delta_tables
import executor_bars
import json_documents
import kill_rounds
import memory_limits
import odbc_read
import overhead
import three_stages
import wide_join
from bench import Bench
from inputs import FULL, QUICK, make_inputs
from sections import Bar, Section

HOME = Path(__file__).resolve().parent / ".data"

TASKS: Mapping[str, Callable[[Bench], Section]] = {
    "csv_join": csv_join.run,
    "wide_join": wide_join.run,
    "three_stages": three_stages.run,
    "json_documents": json_documents.run,
    "overhead": overhead.run,
    "delta_append": delta_tables.run_append,
    "delta_upsert": delta_tables.run_upsert,
    "delta_kills": delta_kills.run,
    "odbc_read": odbc_read.run,
    "adbc_read": adbc.run_read,
    "adbc_write": adbc.run_write,
    "kill_rounds": kill_rounds.run,
    "executor": executor_bars.run,
    "memory": memory_limits.run,
}


def main() -> int:
    """Run what was asked for and write `.data/results.md`; 1 where a bar was missed."""
    arguments = _parse_arguments()
    size = QUICK if arguments.quick else FULL
    output = HOME / size.name / "output"
    output.mkdir(parents=True, exist_ok=True)
    bench = Bench(
        inputs=make_inputs(HOME / size.name, size),
        output=output,
        rounds=arguments.rounds or (1 if arguments.quick else 5),
        threads=arguments.threads,
        kill_rounds=arguments.kill_rounds or (10 if arguments.quick else 500),
    )
    sections = []
    for name in arguments.tasks or TASKS:
        print(f"{name}:", flush=True)
        sections.append(TASKS[name](bench))
    page = "\n\n".join([_heading(bench), *map(str, sections)]) + "\n"
    (HOME / "results.md").write_text(page, encoding="utf-8")
    print(f"\n{page}", flush=True)
    return int(not all(bar.is_met for bar in _binding(bench, sections)))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"any of {', '.join(TASKS)}")
    parser.add_argument("--quick", action="store_true", help="small inputs, one round")
    parser.add_argument("--rounds", type=int, help="of each command, in turn (5)")
    parser.add_argument("--kill-rounds", type=int, help="runs that are killed (500)")
    parser.add_argument("--threads", type=int, default=2, help="of every program (2)")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.tasks) - set(TASKS))
    if unknown:
        parser.error(f"no task {', '.join(unknown)}; there are {', '.join(TASKS)}")
    return arguments


def _binding(bench: Bench, sections: list[Section]) -> list[Bar]:
    """The bars that decide: on small inputs, those about content, not about time and memory."""
    kills = (kill_rounds.TITLE, delta_kills.TITLE)
    decisive = sections if bench.is_full else [s for s in sections if s.title in kills]
    return [bar for section in decisive for bar in section.bars]


def _heading(bench: Bench) -> str:
    names = ("aqueducts-core", "datafusion", "pyarrow", "deltalake", "duckdb", "tpchgen-cli")
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return "\n".join(
        [
            f"# Benchmarks, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            "",
            (
                f"Inputs: {bench.inputs.size.name}. {bench.rounds} rounds, the commands of a task "
                f"in turn, {bench.threads} threads each. CPU and wall are medians, peaks the "
                "highest; ratios are medians of the ratios within a round."
            ),
            "",
            f"{os.cpu_count()} cores, load {load}; Python {platform.python_version()}, "
            + ", ".join(f"{name} {version(name)}" for name in names),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
