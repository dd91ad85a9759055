"""Numbers that both ends of the protocol keep to."""

from __future__ import annotations

__all__ = [
    "API_KEY_HEADER",
    "BUSY_RETRY_SECONDS",
    "CHUNK_CHARACTERS",
    "COMMENT_SECONDS",
    "DEFAULT_PORT",
    "EXECUTION_ID_HEADER",
    "MAX_BODY_BYTES",
    "MAX_DEPTH",
    "MAX_HEADER_BYTES",
    "MAX_MESSAGE_BYTES",
    "PING_SECONDS",
    "PONG_SECONDS",
    "TOO_BIG_CLOSE_CODE",
    "WEBSOCKET_PATH",
]

DEFAULT_PORT = 3031

WEBSOCKET_PATH = "/ws/connect"

API_KEY_HEADER = "X-API-Key"

EXECUTION_ID_HEADER = "X-Execution-Id"

MAX_BODY_BYTES = 4 * 1024 * 1024
"""The longest body of a request; longer ones are answered with 413."""

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""The longest message over a WebSocket; longer ones close it with `TOO_BIG_CLOSE_CODE`."""

TOO_BIG_CLOSE_CODE = 1009

MAX_HEADER_BYTES = 16 * 1024

MAX_DEPTH = 64
"""How deep a body or a message may be nested."""

CHUNK_CHARACTERS = 32_000
"""The longest `body` of one `output_chunk`."""

PING_SECONDS = 15.0
"""How often each end of a WebSocket asks whether the other is there."""

PONG_SECONDS = 15.0
"""How long an answer to that may take before the connection is given up."""

COMMENT_SECONDS = 10.0
"""How often an SSE stream that has nothing to tell sends a comment."""

BUSY_RETRY_SECONDS = 30
"""What `Retry-After` says of a run whose end nobody knows."""
