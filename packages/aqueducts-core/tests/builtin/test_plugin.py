"""What the built-in plugin offers."""

from __future__ import annotations

import subprocess
import sys

from aqueducts.plugins import Plugins


def test_everything_of_the_format_that_ships_with_core_is_offered(plugins: Plugins) -> None:
    """Each kind of thing has its names."""
    assert set(plugins.sources) == {"file", "directory", "in_memory"}
    assert set(plugins.destinations) == {"file", "in_memory"}
    assert set(plugins.file_formats) == {"csv", "json", "parquet"}
    assert set(plugins.object_stores) == {"file"}
    assert set(plugins.secret_resolvers) == {"env", "file"}
    assert set(plugins.engines) == {"datafusion"}


def test_importing_the_plugin_loads_no_driver() -> None:
    """A command that runs nothing does not wait for pyarrow and datafusion."""
    code = (
        "import sys, aqueducts.builtin.plugin; "
        "print([name for name in ('pyarrow', 'datafusion') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_old_names_of_fields_and_the_formats_defaults(plugins: Plugins) -> None:
    """Files for the original load: aliases, missing options, pairs as partition columns."""
    document = plugins.pipeline_model().model_validate(
        {
            "sources": [
                {
                    "type": "directory",
                    "name": "sales",
                    "file_type": {"type": "csv"},
                    "location": "sales/",
                    "partition_cols": [["date", "date"], {"name": "hour", "data_type": "int"}],
                    "storage_options": {"AWS_REGION": "eu"},
                }
            ],
            "destination": {
                "type": "file",
                "name": "out",
                "file_type": {"type": "parquet"},
                "location": "out.parquet",
                "partition_cols": ["date"],
            },
        }
    )

    source = document.sources[0]
    assert source.format.options.has_header
    assert source.format.options.delimiter == ","
    assert [column.name for column in source.partition_columns] == ["date", "hour"]
    assert source.storage_config["AWS_REGION"].get_secret_value() == "eu"
    assert document.destination.single_file
    assert document.destination.partition_columns == ["date"]
