"""A destination that keeps a fingerprint of the rows."""

from __future__ import annotations

import hashlib
from typing import ClassVar, Literal

from pydantic import Field

from aqueducts.connectors import Destination, Frame, RunContext, WriteReport
from aqueducts.models.fields import Location, Name, PipelineModel


class DigestConfig(PipelineModel):
    """A file with the number of rows and their SHA-256."""

    type: Literal["digest"] = Field(description="Kind of destination.")
    name: Name = Field(description="Name shown in progress and summary.")
    location: Location = Field(description="File to write.")


class Digest(Destination[DigestConfig]):
    """Streams the rows through a hash and replaces the file in one step."""

    type: ClassVar[str] = "digest"
    config_model = DigestConfig
    restarts = "any_time"

    def write(self, frame: Frame, context: RunContext) -> WriteReport:
        """Hash all rows, then write one line."""
        location = context.reveal(self.config.location)
        rows, fingerprint = 0, hashlib.sha256()
        for batch in frame.stream():
            rows += batch.num_rows
            for row in batch.to_pylist():
                fingerprint.update(repr(row).encode())
        store = context.store(location, {})
        store.check_target(is_single_file=True, extensions=(".txt",))
        staged = store.stage(context, is_single_file=True)
        try:
            size = staged.path.write_text(f"{rows} {fingerprint.hexdigest()}\n")
            staged.commit()
        except BaseException:
            staged.abort()
            raise
        return WriteReport(rows=rows, size_bytes=size, files=1, location=location)
