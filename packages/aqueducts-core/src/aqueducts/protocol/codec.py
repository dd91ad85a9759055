"""From bytes to messages and back."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from aqueducts.errors import ProtocolError
from aqueducts.events import Event
from aqueducts.protocol.messages import ClientMessage, ExecutorMessage, ProgressUpdate

__all__ = [
    "decode_body",
    "decode_client_message",
    "decode_detail",
    "decode_executor_message",
    "encode",
]

BodyT = TypeVar("BodyT")


class _Typed(msgspec.Struct):
    type: str = ""


_ENCODER = msgspec.json.Encoder()
_CLIENT_MESSAGES: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_EXECUTOR_MESSAGES: msgspec.json.Decoder[ExecutorMessage] = msgspec.json.Decoder(ExecutorMessage)
_EVENTS: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_TYPES = msgspec.json.Decoder(_Typed)


def encode(message: msgspec.Struct) -> bytes:
    """A message or a body as JSON."""
    return _ENCODER.encode(message)


def decode_client_message(text: str | bytes) -> ClientMessage:
    """What a client sent. Raises ProtocolError, also for a type that there is none of."""
    try:
        return _CLIENT_MESSAGES.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _not_understood(error) from None


def decode_executor_message(text: str | bytes) -> ExecutorMessage | None:
    """What an executor sent; None for a type that a newer one may have.

    Raises ProtocolError for what is no message at all.
    """
    try:
        return _EXECUTOR_MESSAGES.decode(text)
    except msgspec.ValidationError as error:
        if _is_of_unknown_type(text):
            return None
        raise _not_understood(error) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _not_understood(error) from None


def decode_detail(update: ProgressUpdate) -> Event | None:
    """The event of the run in a `progress_update`; None where this version knows none there."""
    if isinstance(update.detail, msgspec.UnsetType):
        return None
    try:
        return _EVENTS.decode(update.detail)
    except msgspec.MsgspecError:
        return None


def decode_body(body: str | bytes, kind: type[BodyT]) -> BodyT:
    """A body of an HTTP answer. Raises ProtocolError."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _not_understood(error) from None


def _is_of_unknown_type(text: str | bytes) -> bool:
    known = {each.__struct_config__.tag for each in ExecutorMessage.__args__}
    try:
        return bool(kind := _TYPES.decode(text).type) and kind not in known
    except msgspec.DecodeError:
        return False


def _not_understood(error: Exception) -> ProtocolError:
    reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
    return ProtocolError(f"a message cannot be understood: {reason}")
