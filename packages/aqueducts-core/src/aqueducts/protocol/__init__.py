"""What clients and executors say to each other: messages, bodies and limits.

Data only, without sockets: the executor and the client of `aqueducts.remote` both build on it.
"""

from __future__ import annotations

from aqueducts.protocol import limits, messages
from aqueducts.protocol.bodies import (
    TERMINAL_STATES,
    BusyAnswer,
    CancelAnswer,
    CancelStatus,
    CurrentRun,
    ErrorAnswer,
    Execution,
    ExecutorState,
    MemoryStatus,
    QueueStatus,
    RunState,
    Status,
    StreamEvent,
    StreamEventType,
)
from aqueducts.protocol.codec import (
    decode_body,
    decode_client_message,
    decode_detail,
    decode_executor_message,
    encode,
)
from aqueducts.protocol.failures import error_of, execution_error, message_problem, problem_of
from aqueducts.protocol.run_messages import RunMessages, progress_event, stage_label
from aqueducts.protocol.stage_texts import OutputText, StageOutputs, stage_payloads

__all__ = [
    "TERMINAL_STATES",
    "BusyAnswer",
    "CancelAnswer",
    "CancelStatus",
    "CurrentRun",
    "ErrorAnswer",
    "Execution",
    "ExecutorState",
    "MemoryStatus",
    "OutputText",
    "QueueStatus",
    "RunMessages",
    "RunState",
    "StageOutputs",
    "Status",
    "StreamEvent",
    "StreamEventType",
    "decode_body",
    "decode_client_message",
    "decode_detail",
    "decode_executor_message",
    "encode",
    "error_of",
    "execution_error",
    "limits",
    "message_problem",
    "messages",
    "problem_of",
    "progress_event",
    "stage_label",
    "stage_payloads",
]
