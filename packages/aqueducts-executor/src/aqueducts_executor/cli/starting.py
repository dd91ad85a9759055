"""Starting the server, and what can go wrong with that."""

from __future__ import annotations

import asyncio
import ssl
import sys

from aqueducts_executor.logs import set_up_logs
from aqueducts_executor.options import Options
from aqueducts_executor.server import serve
from aqueducts_executor.state_folder import StateFolder, StateFolderError

__all__ = ["start"]

_CANNOT_START = 1


def start(options: Options) -> int:
    """Serve; returns the exit code."""
    folder = StateFolder(options.state_dir)
    try:
        folder.open()
        executor_id = options.executor_id or folder.executor_id()
        set_up_logs(options.log_level, executor_id=executor_id)
        asyncio.run(serve(options, folder))
    except StateFolderError as error:
        print(f"aqueducts-executor: {error}", file=sys.stderr)
        return _CANNOT_START
    except ssl.SSLError as error:
        print(
            f"aqueducts-executor: the certificate or key cannot be used: {error}", file=sys.stderr
        )
        return _CANNOT_START
    except OSError as error:
        print(f"aqueducts-executor: cannot listen: {error.strerror or error}", file=sys.stderr)
        return _CANNOT_START
    finally:
        folder.close()
    return 0
