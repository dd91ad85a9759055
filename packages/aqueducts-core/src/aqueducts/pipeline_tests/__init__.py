"""Tests of pipelines, as YAML files: rows in, rows out, nothing real read or written.

from aqueducts.pipeline_tests import collect

@pytest.mark.parametrize("test", collect("tests"), ids=str)
def test_pipeline(test):
    test.check()
"""

from aqueducts.pipeline_tests.comparison import ChangedRow, Differences
from aqueducts.pipeline_tests.outcomes import Failure, Outcome
from aqueducts.pipeline_tests.running import PipelineTest
from aqueducts.pipeline_tests.suite import collect, run_tests

__all__ = [
    "ChangedRow",
    "Differences",
    "Failure",
    "Outcome",
    "PipelineTest",
    "collect",
    "run_tests",
]
