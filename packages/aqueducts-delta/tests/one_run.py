"""One run in a process of its own: `python one_run.py PIPELINE.json`; tells how it ended."""

import json
import sys
from pathlib import Path

from aqueducts import Pipeline, run_sync
from aqueducts.errors import AqueductsError


def main() -> None:
    """Run all pipelines of the file, one after another, and print a line for each."""
    for data in json.loads(Path(sys.argv[1]).read_text()):
        pipeline = Pipeline.from_dict(data, strict=True)
        _tell("begun")
        try:
            result = run_sync(pipeline)
        except AqueductsError as error:
            retryable = getattr(error, "is_retryable", False)
            _tell(json.dumps({"error": str(error), "is_retryable": retryable}))
        else:
            _tell(json.dumps({"run_id": result.run_id}))


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
