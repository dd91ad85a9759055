"""One line of JSON per thing that happened, on standard error."""

from __future__ import annotations

import logging
import sys

import structlog

__all__ = ["set_up_logs"]

_LEVELS = {"info": logging.INFO, "debug": logging.DEBUG, "trace": logging.DEBUG}


def set_up_logs(level: str, **facts: str) -> None:
    """Log from now on; every line has these facts."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(**facts)
    # What libraries have to say, such as aiohttp of requests that were cut.
    logging.basicConfig(level=logging.WARNING, handlers=[_Handler()], force=True)


class _Handler(logging.Handler):
    """Hands records of the standard library on."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().warning("library_message", library=record.name, text=record.msg)
