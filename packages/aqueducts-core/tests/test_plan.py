"""Names and references are checked before anything is opened; stages become a graph."""

from __future__ import annotations

from typing import Any

import pytest

from aqueducts.errors import PlanError
from aqueducts.load import load_text
from aqueducts.pipeline import Pipeline
from aqueducts.plan import Plan, make_plan, outline

VOLATILE = frozenset({"random", "now", "uuid"})

ENGINE_ONLY = "SELECT X'41' AS x"
"""The engine runs it, the parser for references refuses it."""


def pipeline(
    *groups: list[dict[str, Any]], sources: str = "a b", has_destination: bool = True
) -> Pipeline:
    """A pipeline of sources in memory and these groups of stages."""
    document: dict[str, Any] = {
        "version": "v2",
        "sources": [{"type": "in_memory", "name": name} for name in sources.split()],
        "stages": [list(group) for group in groups],
    }
    if has_destination:
        document["destination"] = {"type": "in_memory", "name": "out"}
    return Pipeline.from_dict(document)


def stage(name: str, query: str, **options: Any) -> dict[str, Any]:
    """One stage."""
    return {"name": name, "query": query, **options}


def plan(*groups: list[dict[str, Any]], **options: Any) -> Plan:
    """The plan of such a pipeline."""
    return make_plan(pipeline(*groups, **options))


def problems(made: Pipeline, **options: Any) -> list[str]:
    """Messages of everything that is wrong."""
    with pytest.raises(PlanError) as error:
        make_plan(made, **options)
    # Without a file, the place in the data is in front of the message.
    return [problem.message.partition(": ")[2] for problem in error.value.problems]


def test_stages_with_what_they_read() -> None:
    """In the order of execution, by the names of the file."""
    made = plan(
        [stage("One", "SELECT * FROM a"), stage("two", "SELECT * FROM b")],
        [stage("three", 'SELECT * FROM one JOIN "One" AS x USING (k), two')],
    )
    assert made.sources == ("a", "b")
    assert [(each.name, each.group, each.place, each.reads) for each in made.stages] == [
        ("One", 0, 0, ("a",)),
        ("two", 0, 1, ("b",)),
        ("three", 1, 0, ("One", "two")),
    ]
    assert made.final == "three"
    assert made.has_destination
    assert [[each.name for each in group] for group in made.groups] == [["One", "two"], ["three"]]


def test_a_query_that_only_the_engine_can_parse_may_read_everything() -> None:
    """All that is earlier, and more than once."""
    made = plan([stage("one", "SELECT 1")], [stage("two", ENGINE_ONLY)])
    assert made.stages[1].facts is None
    assert made.stages[1].reads == ("a", "b", "one")
    assert made.uses("one") == 2
    assert made.joined_sources() == {"a", "b"}


def test_a_pipeline_without_stages_and_destination_does_nothing() -> None:
    """Its sources are still opened."""
    made = plan(has_destination=False)
    assert made.stages == ()
    assert made.final is None
    assert list(made.groups) == []
    assert made.release_after(()) == {}


class TestProblems:
    """All at once, each with its place."""

    def test_all_problems_come_at_once(self) -> None:
        """Names, references and the destination."""
        made = pipeline(
            [stage("a", "SELECT * FROM nope"), stage("x", "SELECT * FROM later")],
            [stage("later", "SELECT * FROM x")],
        )
        assert problems(made) == [
            "the name 'a' is used twice",
            "table 'nope' is not known in stage 'a'",
            "stage 'x' reads 'later', a stage of a later group",
        ]

    def test_a_destination_needs_a_stage(self) -> None:
        """There would be nothing to write."""
        [message] = problems(pipeline())
        assert message == "there is a destination but no stage whose result could be written"

    @pytest.mark.parametrize(
        ("query", "message", "help_text"),
        [
            ("SELECT * FROM orderz", "table 'orderz' is not known", "did you mean 'orders'?"),
            ("SELECT * FROM zzz", "table 'zzz' is not known", "known here: orders"),
            ("SELECT * FROM s", "stage 's' reads itself", "another name"),
            ("SELECT * FROM t", "reads 't', a stage of its own group", "later group"),
            ("SELECT * FROM u", "reads 'u', a stage of a later group", "move 'u' to an earlier"),
        ],
    )
    def test_references_that_do_not_hold(self, query: str, message: str, help_text: str) -> None:
        """What is wrong with it, and what to do."""
        made = pipeline(
            [stage("s", query), stage("t", "SELECT 1 AS x")],
            [stage("u", "SELECT 1 AS x")],
            sources="orders",
        )
        with pytest.raises(PlanError) as error:
            make_plan(made)
        [problem] = error.value.problems
        assert message in problem.message
        assert help_text in (problem.help or "")

    def test_nothing_is_known_in_a_pipeline_without_sources(self) -> None:
        """The help says so."""
        with pytest.raises(PlanError) as error:
            plan([stage("s", "SELECT * FROM nope")], sources="")
        assert error.value.problems[0].help == "known here: none"

    @pytest.mark.parametrize(
        ("first", "second"), [("x", "x"), ("Orders", "orders"), ("A b", "a B")]
    )
    def test_names_that_sql_cannot_tell_apart(self, first: str, second: str) -> None:
        """Also where they differ in case only."""
        made = pipeline([stage(first, "SELECT 1 AS x")], [stage(second, "SELECT 1 AS x")])
        [message] = problems(made)
        assert message.startswith(f"the name {second!r} is used twice")
        assert ("SQL does not tell them apart" in message) is (first != second)

    def test_places_are_those_of_the_file(self) -> None:
        """Line and column of the name inside of the query, and of the first of two names."""
        text = """
sources:
  - {type: in_memory, name: a}
stages:
  - - name: one
      query: |
        SELECT *
        FROM nope
  - - name: one
      query: SELECT 1 AS x
"""
        with pytest.raises(PlanError) as error:
            make_plan(load_text(text, file="p.yml"))
        unknown, double = error.value.problems
        assert (double.file, double.line, double.column) == ("p.yml", 9, 13)
        assert double.message == "the name 'one' is used twice, first in line 5"
        assert (unknown.line, unknown.column) == (8, 14)

    def test_tables_of_the_callers_session_are_known(self) -> None:
        """They are no part of the graph unless a source names them."""
        made = pipeline([stage("s", "SELECT * FROM mine, a")])
        assert make_plan(made, known_tables=["mine", "a"]).stages[0].reads == ("a",)
        assert problems(made, known_tables=[]) == ["table 'mine' is not known in stage 's'"]

    def test_tables_with_a_schema_are_left_to_the_engine(self) -> None:
        """Such as those of the information schema."""
        assert plan([stage("s", "SELECT * FROM information_schema.tables")]).stages[0].reads == ()


class TestUses:
    """How often a result would be computed."""

    def test_each_reader_is_a_use(self) -> None:
        """And the destination one of the last stage."""
        made = plan(
            [stage("one", "SELECT * FROM a")],
            [stage("two", "SELECT * FROM one"), stage("three", "SELECT * FROM one")],
        )
        assert (made.uses("a"), made.uses("one"), made.uses("two"), made.uses("three")) == (
            1,
            2,
            0,
            1,
        )

    def test_a_table_that_a_query_repeats_is_used_twice(self) -> None:
        """A self join reads it twice."""
        made = plan(
            [stage("one", "SELECT 1 AS k")],
            [stage("two", "SELECT * FROM one x JOIN one y USING (k)")],
        )
        assert made.uses("one") == 2

    def test_what_is_printed_is_computed(self) -> None:
        """Show and explain_analyze run the stage; explain and print_schema do not."""
        made = plan(
            [
                stage(
                    "s",
                    "SELECT 1 AS k",
                    show=5,
                    explain=True,
                    explain_analyze=True,
                    print_schema=True,
                )
            ]
        )
        assert made.uses("s") == 3

    def test_nothing_is_written_without_a_destination(self) -> None:
        """The last stage is not computed then."""
        assert plan([stage("s", "SELECT 1 AS k")], has_destination=False).uses("s") == 0


class TestKeptStages:
    """What must be computed once."""

    def kept(
        self, *groups: list[dict[str, Any]], one_time: str = "", **options: Any
    ) -> dict[str, str]:
        """Names and reasons."""
        return dict(plan(*groups, **options).kept_stages(VOLATILE, frozenset(one_time.split())))

    TWICE = ("SELECT * FROM s", "SELECT * FROM s")

    def twice(self, query: str, one_time: str = "", **options: Any) -> dict[str, str]:
        """Kept stages where `s` is read by two others."""
        return self.kept(
            [stage("s", query, **options)],
            [stage("x", "SELECT * FROM s"), stage("y", "SELECT * FROM s")],
            [stage("z", "SELECT * FROM x UNION ALL SELECT * FROM y")],
            one_time=one_time,
        )

    def test_a_stable_stage_stays_a_view(self) -> None:
        """However often it is used."""
        assert self.twice("SELECT * FROM a JOIN b USING (k) ORDER BY k LIMIT 5") == {}

    @pytest.mark.parametrize(
        ("query", "reason"),
        [
            (
                "SELECT random() AS r FROM a",
                "used 2 times and random() gives another result each time",
            ),
            ("SELECT uuid() AS r FROM a", "uuid() gives another"),
            ("SELECT * FROM a LIMIT 5", "its result depends on the order of rows"),
            ("SELECT row_number() OVER () AS n FROM a", "depends on the order of rows"),
            (ENGINE_ONLY, "its query may be volatile"),
        ],
    )
    def test_an_unstable_stage_that_is_used_twice_is_kept(self, query: str, reason: str) -> None:
        """Both uses have to see the same rows."""
        kept = self.twice(query)
        assert list(kept) == ["s"]
        assert reason in kept["s"]

    def test_a_stage_over_a_one_time_source_is_kept(self) -> None:
        """The source could not be read for the second use."""
        assert self.twice("SELECT * FROM a", one_time="a") == {
            "s": "used 2 times and source 'a' can be read only once"
        }

    def test_an_unstable_stage_that_is_used_once_is_a_view(self) -> None:
        """There is nothing it could differ from."""
        assert self.kept([stage("s", "SELECT random() AS r FROM a")]) == {}

    def test_what_is_unstable_is_so_for_its_readers(self) -> None:
        """The stage that is used twice is kept, not what it reads."""
        kept = self.kept(
            [stage("s", "SELECT random() AS r FROM a")],
            [stage("t", "SELECT r FROM s")],
            [stage("u", "SELECT x.r FROM t AS x JOIN t AS y USING (r)")],
        )
        assert kept == {"t": "used 2 times and random() gives another result each time"}

    def test_what_is_kept_is_stable_for_its_readers(self) -> None:
        """Its rows do not change any more."""
        kept = self.kept(
            [stage("s", "SELECT random() AS r FROM a", show=3)],
            [stage("t", "SELECT r FROM s")],
            [stage("u", "SELECT x.r FROM t AS x JOIN t AS y USING (r)")],
        )
        assert list(kept) == ["s"]

    def test_showing_an_unstable_result_keeps_it(self) -> None:
        """What is shown is what is written."""
        assert list(self.kept([stage("s", "SELECT random() AS r FROM a", show=3)])) == ["s"]

    def test_always_and_never(self) -> None:
        """The user's word counts."""
        assert self.kept([stage("s", "SELECT 1 AS k", materialize="always")]) == {
            "s": "materialize: always"
        }
        assert self.twice("SELECT random() AS r FROM a", materialize="never") == {}


class TestRelease:
    """After which group a table is not needed any more."""

    def test_views_hold_what_they_read(self) -> None:
        """Down to the source, until the last reader is done."""
        made = plan(
            [stage("one", "SELECT * FROM a"), stage("side", "SELECT * FROM b", show=1)],
            [stage("two", "SELECT * FROM one")],
            [stage("three", "SELECT * FROM two")],
        )
        assert made.release_after(()) == {"side": 0, "b": 0}

    def test_kept_stages_hold_their_own_rows(self) -> None:
        """What they read is free once they are computed."""
        made = plan(
            [stage("one", "SELECT * FROM a")],
            [stage("two", "SELECT * FROM one")],
            [stage("three", "SELECT * FROM two")],
        )
        assert made.release_after({"two"}) == {"one": 1, "a": 1}

    def test_branches_end_where_their_last_reader_ends(self) -> None:
        """A branch that leads nowhere is dropped after its own group."""
        made = plan(
            [stage("one", "SELECT * FROM a")],
            [stage("branch", "SELECT * FROM one"), stage("main", "SELECT * FROM b")],
            [stage("end", "SELECT * FROM main")],
        )
        assert made.release_after(()) == {"branch": 1, "one": 1, "a": 1}


class TestJoinedSources:
    """Sources that reach a join."""

    def test_through_stages(self) -> None:
        """The join may be stages away."""
        made = plan(
            [stage("one", "SELECT * FROM a"), stage("two", "SELECT * FROM b")],
            [stage("three", "SELECT * FROM one JOIN two USING (k)")],
            [stage("four", "SELECT * FROM c")],
            sources="a b c",
        )
        assert made.joined_sources() == {"a", "b"}

    def test_none(self) -> None:
        """A pipeline without joins has none."""
        assert plan([stage("one", "SELECT * FROM a")]).joined_sources() == frozenset()


class TestOutline:
    """The plan without parsing, where nothing hangs on it."""

    def test_a_chain_over_one_source(self) -> None:
        """Each stage reads what is earlier, and nothing is kept."""
        made = outline(
            pipeline(
                [stage("one", "SELECT * FROM a")],
                [stage("two", "SELECT * FROM one")],
                sources="a",
            )
        )
        assert made is not None
        assert made.is_outline
        assert made.final == "two"
        assert made.uses("one") == 1
        assert made.kept_stages(VOLATILE, frozenset({"a"})) == {}
        assert made.joined_sources() == frozenset()

    @pytest.mark.parametrize(
        ("groups", "sources"),
        [
            ([[stage("s", "SELECT * FROM a")]], "a b"),
            ([[stage("s", "SELECT * FROM a, A")]], "a"),
            ([[stage("s", "SELECT * FROM a x JOIN a y USING (k)")]], "a"),
            ([[stage("s", 'SELECT * FROM a UNION SELECT * FROM "a"')]], "a"),
            ([[stage("s", "SELECT * FROM(a)x,(SELECT * FROM\na)")]], "a"),
            ([[stage("s", "SELECT * FROM public.a, a")]], "a"),
            ([[stage("s", "WITH x AS (SELECT * FROM a) SELECT * FROM x, x y")]], "a"),
            ([[stage("s", "SELECT * FROM /* */ a, -- \na")]], "a"),
            ([[stage("s", "SELECT * FROM a", show=1)]], "a"),
            ([[stage("s", "SELECT * FROM a", materialize="always")]], "a"),
            ([[stage("s", "SELECT * FROM a", explain_analyze=True)]], "a"),
            ([[stage("s", "SELECT 1"), stage("t", "SELECT 1")]], "a"),
            ([[stage("s", "SELECT 1")], [stage("S", "SELECT 1")]], "a"),
            (
                [
                    [stage("s", "SELECT 1")],
                    [stage("t", "SELECT * FROM s")],
                    [stage("u", "SELECT * FROM s, t")],
                ],
                "a",
            ),
            ([], "a"),
        ],
    )
    def test_anything_that_could_matter_is_parsed(
        self, groups: list[list[dict[str, Any]]], sources: str
    ) -> None:
        """Two sources, two uses, what is shown, groups, doubled names, no stage to write."""
        assert outline(pipeline(*groups, sources=sources)) is None
