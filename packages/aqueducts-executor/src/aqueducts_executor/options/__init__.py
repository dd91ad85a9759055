"""What the executor is told: by flags, the environment, and a file."""

from aqueducts_executor.options.gathering import OptionError, gather
from aqueducts_executor.options.options import Options
from aqueducts_executor.options.printing import as_toml
from aqueducts_executor.options.table import OPTIONS, OptionSpec

__all__ = ["OPTIONS", "OptionError", "OptionSpec", "Options", "as_toml", "gather"]
