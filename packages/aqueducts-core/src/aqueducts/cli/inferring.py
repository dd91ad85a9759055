"""A first pipeline over files of the user, for `aqueducts init --from`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from aqueducts.cli.console import Console
from aqueducts.cli.console.cells import visible
from aqueducts.cli.draft import make_draft
from aqueducts.cli.draft_text import draft_as_text
from aqueducts.cli.new_files import NewFile, tell_what_was_made, write_new_files
from aqueducts.cli.starting import pipeline_name, shared_files
from aqueducts.plugins import Plugins
from aqueducts.sampling import look_at

__all__ = ["start_from_files"]


def start_from_files(
    location: str, folder: Path, document_format: Literal["yaml", "json", "toml"], console: Console
) -> None:
    """Write a pipeline that reads what is at `location`, and tell what was found."""
    plugins = Plugins.discover()
    draft = make_draft(look_at(location, plugins), folder, location)
    pipeline = pipeline_name(document_format)
    made = [
        NewFile(
            pipeline, draft_as_text(draft, document_format), "a source, a stage, a destination"
        ),
        *shared_files(plugins),
    ]
    written = write_new_files(folder, made)
    if not console.is_quiet:
        found = "\n".join(f"  {visible(note)}" for note in draft.notes)
        console.write_result(f"found:\n{found}\n")
    commands = [f"aqueducts {each} {pipeline}" for each in ("check", "preview", "run")]
    tell_what_was_made(folder, made, written, commands, console)
