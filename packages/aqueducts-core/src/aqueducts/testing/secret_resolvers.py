"""Checks of a secret resolver."""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aqueducts.connectors import SecretResolver
from aqueducts.errors import AqueductsError, SecretError
from aqueducts.models.fields import SECRET_REFERENCE
from aqueducts.secrets import MASK
from aqueducts.testing.bench import Bench
from aqueducts.testing.suite import Suite, expect_error, explained, require

__all__ = ["SecretResolverSuite"]


class SecretResolverSuite(Suite, ABC):
    """Checks of a secret resolver. Override all three."""

    @abstractmethod
    def resolver(self) -> type[SecretResolver]:
        """The class under test."""

    @abstractmethod
    def known_secret(self, folder: Path) -> tuple[str, str]:
        """Put a secret of 8 characters or more in its place; return its reference and value."""

    @abstractmethod
    def unknown_reference(self, folder: Path) -> str:
        """A reference to nothing."""

    def test_scheme_is_a_scheme(self) -> None:
        """The scheme can stand in a reference, and the plugin offers the resolver by it."""
        kind = self.resolver()
        scheme = getattr(kind, "scheme", None)
        require(
            isinstance(scheme, str)
            and scheme.islower()
            and SECRET_REFERENCE.fullmatch(f"${{secret:{scheme}:x}}"),
            f"{kind.__name__}.scheme is {scheme!r}",
            'give a word in lower case: scheme = "vault"',
        )
        require(
            self.installed_plugins().secret_resolvers.get(str(scheme)) is kind,
            f"no installed plugin offers {kind.__name__} as {scheme!r}",
            "return the class from the hook aqueducts_secret_resolvers",
        )

    def test_references_fit_in_pipelines(self, tmp_path: Path) -> None:
        """References hold no brace and no line end, so that they can be written in a file."""
        reference, _ = self.known_secret(tmp_path)
        require(
            SECRET_REFERENCE.fullmatch(self._written(reference)),
            f"the reference {reference!r} cannot be written in a pipeline file",
            "references are one line without braces",
        )

    def test_known_secrets_are_resolved(self, tmp_path: Path) -> None:
        """The value comes back, the same each time and from several threads."""
        reference, value = self.known_secret(tmp_path)
        resolver = self.resolver()()
        with (
            explained("a known secret cannot be resolved", "see the error below"),
            ThreadPoolExecutor(4) as pool,
        ):
            found = set(pool.map(resolver.resolve, [reference] * 8))
        require(
            found == {value},
            f"resolve gives {len(found)} different values, or another one",
            "return the secret as it is: without line end, cut or decoded by nobody",
        )

    def test_unknown_secrets_are_errors(self, tmp_path: Path) -> None:
        """What is not there is a SecretError that names the reference and has a hint."""
        reference = self.unknown_reference(tmp_path)
        remedy = "catch the driver's error and raise SecretError(message, hint=…)"
        with expect_error((SecretError,), "for an unknown reference", remedy) as caught:
            self.resolver()().resolve(reference)
        require(
            reference in str(caught[0]),
            f"the error does not name the reference: {caught[0].message}",
            "name the reference: users search their files for it",
        )
        require(
            caught[0].hint,
            f"the error says nothing of what to do: {caught[0].message}",
            "give a hint: where the secret is expected, and how it is put there",
        )

    def test_errors_do_not_show_other_secrets(self, tmp_path: Path) -> None:
        """An error shows no value, though others were resolved before."""
        known, value = self.known_secret(tmp_path)
        resolver = self.resolver()()
        resolver.resolve(known)
        shown = repr(resolver) + repr(vars(resolver))
        try:
            resolver.resolve(self.unknown_reference(tmp_path))
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not show the secret
            cause: BaseException | None = error
            while cause is not None:
                shown += f"{cause!r} {cause}"
                cause = cause.__cause__ or cause.__context__
        require(
            value not in shown,
            "an error or the resolver shows a secret",
            "keep no values, and name references only",
        )

    def test_secrets_are_masked_in_runs(self, tmp_path: Path) -> None:
        """A run uses the value, and nothing that is told of it shows it."""
        with Bench(tmp_path, self.installed_plugins()) as bench:
            reference, value = self.known_secret(bench.folder)
            written = self._written(reference)
            target = tmp_path / "out.csv"
            pipeline = bench.pipeline(
                query=f"SELECT length('{written}') AS n, '{written}' AS s",
                destination={"type": "file", "location": str(target), "format": {"type": "csv"}},
            )
            with explained("a run that refers to the secret fails", "see the error below"):
                bench.run(pipeline)
            length = target.read_text().splitlines()[1].split(",")[0]
            require(length == str(len(value)), "a run gets another value", "resolve to the value")
            broken = bench.pipeline(query=f'SELECT "no {written}" AS n')
            error = ""
            try:
                bench.run(broken)
            except AqueductsError as problem:
                error = str(problem)
            shown = bench.shown() + error
            require(
                value not in shown and MASK in shown,
                "a secret can be read in events or errors of a run",
                "return it from resolve only: the run masks what resolve returns, and cannot mask "
                "what is printed or logged",
            )

    def _written(self, reference: str) -> str:
        return f"${{secret:{self.resolver().scheme}:{reference}}}"
