"""What the author of a plugin implements.

A plugin returns classes from its hooks (`aqueducts.hookspecs`). Each class names its `type`, the
tag in pipeline files, and a pydantic model of its fields; the models of all installed plugins
together are the pipeline format. Instances are made per run with their part of the file.

Connectors never see the engine's session, another plugin, or a credential they did not ask for.
Their methods run in worker threads of the run and may block; a run calls the methods of one object
one after another, from whatever thread is free. What they raise that is not one of
`aqueducts.errors` becomes a SourceError or DestinationError with its text.

`aqueducts.testing` has a suite of checks for each kind of connector.
"""

from __future__ import annotations

from aqueducts.connectors.destinations import Destination
from aqueducts.connectors.engines import Engine, EngineSettings, Session
from aqueducts.connectors.file_formats import FileFormat, ModelClass
from aqueducts.connectors.functions import UdfPack
from aqueducts.connectors.secret_resolvers import SecretResolver
from aqueducts.connectors.sources import Source
from aqueducts.connectors.stores import (
    Listing,
    NativeAddress,
    ObjectStoreType,
    RunContext,
    RunInfo,
    StagedWrite,
    Store,
)
from aqueducts.frames import EngineWriter, Frame, SessionTables, StreamWriter, WriteReport

__all__ = [
    "Destination",
    "Engine",
    "EngineSettings",
    "EngineWriter",
    "FileFormat",
    "Frame",
    "Listing",
    "ModelClass",
    "NativeAddress",
    "ObjectStoreType",
    "RunContext",
    "RunInfo",
    "SecretResolver",
    "Session",
    "SessionTables",
    "Source",
    "StagedWrite",
    "Store",
    "StreamWriter",
    "UdfPack",
    "WriteReport",
]
