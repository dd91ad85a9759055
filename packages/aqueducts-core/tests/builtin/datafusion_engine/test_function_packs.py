"""Packs of functions: when they are registered, and what they make of queries."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from datafusion import SessionContext, udf

from aqueducts.builtin.datafusion_engine.engine import DataFusionEngine
from aqueducts.connectors import EngineSettings, Session, UdfPack
from aqueducts.errors import QueryError


class Recorder:
    """Packs that tell of their registration."""

    def __init__(self) -> None:
        self.registered: list[str] = []

    def pack(
        self, name: str, mentions: tuple[str, ...] = (), engine: str = "datafusion"
    ) -> UdfPack:
        """A pack with one function of the same name, which gives 7."""

        def register(context: SessionContext) -> None:
            self.registered.append(name)
            context.register_udf(
                udf(lambda x: pa.array([7] * len(x)), [pa.int64()], pa.int64(), "immutable", name)
            )

        def prepare(_: SessionContext, query: str) -> str:
            return query.replace(f"{name}()", f"{name}(1)")

        return UdfPack(name, engine, register, mentions=mentions, prepare=prepare)


def open_session(folder: Path, *packs: UdfPack) -> Session:
    """A session with packs."""
    return DataFusionEngine().open_session(EngineSettings(work_dir=folder, functions=packs), None)


def test_packs_are_registered_when_a_query_mentions_them(tmp_path: Path) -> None:
    """Once, in capitals or not; the others cost nothing."""
    recorder = Recorder()
    packs = (recorder.pack("early"), recorder.pack("late", ("late",)), recorder.pack("x", (), "no"))
    session = open_session(tmp_path, *packs)
    assert recorder.registered == ["early"]
    session.define("a", "SELECT early(1) AS y")
    assert recorder.registered == ["early"]
    session.define("b", "SELECT LATE(1) AS y")
    session.define("c", "SELECT late(1) AS y")
    assert recorder.registered == ["early", "late"]


def test_packs_may_change_what_the_engine_runs(tmp_path: Path) -> None:
    """Calls that the engine could not run become others, also in what explains them."""
    session = open_session(tmp_path, Recorder().pack("seven", ("seven",)))
    session.define("a", "SELECT seven() AS y")
    assert session.head("a", 1).to_pylist() == [{"y": 7}]
    assert "7" in session.explain("a", analyze=False)


def test_what_functions_raise_is_told_in_their_words(tmp_path: Path) -> None:
    """Without traceback; of errors that are no ValueError with their kind."""

    def fail(kind: type[Exception]) -> UdfPack:
        def function(_: pa.Array) -> pa.Array:
            raise kind('it\'s "odd"\n, traceback: Some')

        def register(context: SessionContext) -> None:
            context.register_udf(
                udf(function, [pa.int64()], pa.int64(), "volatile", kind.__name__.lower())
            )

        return UdfPack(kind.__name__, "datafusion", register)

    session = open_session(tmp_path, fail(ValueError), fail(KeyError))
    session.define("a", "SELECT valueerror(1) AS x")
    session.define("b", "SELECT keyerror(1) AS x")
    with pytest.raises(QueryError) as caught:
        session.head("a", 1)
    assert caught.value.message == 'it\'s "odd"\n, traceback: Some'
    with pytest.raises(QueryError) as caught:
        session.head("b", 1)
    assert caught.value.message.startswith("a function failed: KeyError: it's")
