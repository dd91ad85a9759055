"""What a run with limits may reach: files, hosts, secrets."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqueducts import AccessError, Pipeline, Plugins, run_sync
from aqueducts.access import LimitedAccess
from aqueducts.errors import AqueductsError
from aqueducts.results import RunSettings

CANARY = "canary-2f9c"
PLUGINS = Plugins.discover()


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """`root`, which runs may use, and `outside`, which they may not, with links between them."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root / "data" / "day=1", outside / "day=2", tmp_path / "root2"):
        folder.mkdir(parents=True)
    for folder in (root, root / "data" / "day=1", outside, outside / "day=2", tmp_path / "root2"):
        text = CANARY if outside in (folder, *folder.parents) else "inside"
        (folder / "in.csv").write_text(f"a\n{text}\n", encoding="utf-8")
    (tmp_path / "root2" / "in.csv").write_text(f"a\n{CANARY}\n", encoding="utf-8")
    (root / "linked").symlink_to(outside)
    (root / "linked.csv").symlink_to(outside / "in.csv")
    (root / "data" / "day=2").symlink_to(outside / "day=2")
    (root / "chain").symlink_to(root / "linked")
    (root / "up").symlink_to("..")
    return tmp_path


def forms(house: Path) -> list[str]:
    """Two hundred ways to write a path that leads out of `root`."""
    root, outside = str(house / "root"), str(house / "outside")
    inside = ["", "data/", "data/day=1/", "./", "data/../"]
    climbs = ["../" * count for count in range(1, 4)]
    found = [
        f"{root}/{start}{'../' * start.count('data/day=1/') * 2}{climb}outside/in.csv"
        for start, climb in itertools.product(inside, climbs)
    ]
    found += [f"{root}/{link}/in.csv" for link in ("linked", "chain", "up/outside")]
    found += [f"{root}/linked.csv", f"{root}/up/root2/in.csv", f"{root}2/in.csv"]
    found += [f"{root}//..//outside///in.csv", f"{root}/./../outside/./in.csv"]
    found += [f"{root}/linked/*.csv", f"{root}/linke*/in.csv", f"{root}/*/in.csv"]
    found += [f"{root}/**/in.csv", f"{root}/l*.csv", f"{root}/up/*/in.csv", f"{root}/[l]inked/*"]
    found += [f"{root}/data/day=*/in.csv", f"{root}/data", f"{root}/data/", root]
    found += [f"{root}/chain/", f"{root}/up/outside", f"{root}/data/../linked/day=2/in.csv"]
    found += [outside, f"{outside}/", f"{outside}/*.csv", f"{outside}/in.csv", "/", "/etc/passwd"]
    found += [
        "/proc/self/environ",
        "/proc/self/root" + outside,
        "/proc/self/cwd/../..",
        "/dev/stdin",
    ]
    found += [f"/proc/self/root{root}/../outside/in.csv", f"/..{outside}/in.csv", f"//{outside}"]
    urls = []
    for path in found:
        urls.append(f"file://{path}" if path.startswith("/") else f"file:///{path}")
        urls.append(f"FILE://localhost{path}")
        if ".." in path:
            urls.append("file://" + path.replace("..", "%2e%2e"))
    encoded = [
        f"file://{root}/%2e%2e/outside/in.csv",
        f"file://{root}/%2E%2E/outside/in.csv",
        f"file://{root}/.%2e/outside/in.csv",
        f"file://{root}/%2e./outside/in.csv",
        f"file://{root}%2f..%2foutside%2fin.csv",
        f"file://{root}/data%2f..%2f..%2foutside/in.csv",
        f"file://{quote(outside)}/in%2ecsv",
        f"file:///%2e%2e{outside}/in.csv",
        f"file://{root}/linke%64/in.csv",
        f"file://{root}/%6cinked.csv",
        f"file://other.host{root}/in.csv",
        f"file://127.0.0.1{root}/in.csv",
    ]
    # Nothing is at these: they are no other spellings of a path, and must not become one.
    strange = [
        f"{root}/%2e%2e/outside/in.csv",
        f"{root}/%252e%252e/outside/in.csv",
        f"{root}/..%2foutside/in.csv",
        f"{root}/\u2025/outside/in.csv",
        f"{root}/\uff0e\uff0e/outside/in.csv",
        f"{root}/\u2024\u2024/outside/in.csv",
        f"{root}/..\\outside\\in.csv",
        f"{root}/\u2215..\u2215outside/in.csv",
        f"{root}/... /outside/in.csv",
        f"{root}/.../outside/in.csv",
        f"{root}/..;/outside/in.csv",
        f"{root}/~/../../outside/in.csv",
        "~/in.csv",
        "~root/in.csv",
        "$HOME/in.csv",
        f"{root}/$(cat {outside}/in.csv)",
        f"{root}/${{HOME}}/in.csv",
        f"{root}/\n../outside/in.csv",
        f"{root}/\r/../outside/in.csv",
        f"{root}/in.csv/../../outside/in.csv",
    ]
    return [*found, *urls, *encoded, *strange]


def read(location: str, root: Path, kind: str = "file") -> str:
    """What a run that may use `root` reads from a location."""
    pipeline = Pipeline.from_dict(
        {
            "version": "v2",
            "sources": [
                {
                    "type": kind,
                    "name": "t",
                    "format": {"type": "csv", "options": {"has_header": True}},
                    "location": location,
                }
            ],
            "stages": [[{"name": "s", "query": "SELECT * FROM t", "show": 100}]],
        },
        plugins=PLUGINS,
    )
    access = LimitedAccess(roots=[str(root)])
    result = run_sync(pipeline, settings=RunSettings(access=access))
    return str(result.outputs)


def outcome(location: str, root: Path, kind: str) -> tuple[str, bool]:
    """What a run reads or says, and whether it was refused."""
    try:
        return read(location, root, kind), False
    except AqueductsError as error:
        return f"{error} {error.note}", isinstance(error, AccessError)


def test_two_hundred_forms_lead_nowhere(house: Path) -> None:
    """Each is refused or names nothing; what is outside is never read."""
    locations = forms(house)
    assert len(locations) >= 200
    refused = 0
    for location in locations:
        for kind in ("file", "directory"):
            text, is_refused = outcome(location, house / "root", kind)
            assert CANARY not in text, location
            refused += is_refused
    assert refused >= 300


@pytest.mark.parametrize(
    "location",
    ["in.csv", "data/day=1/in.csv", "data/../in.csv", "./in.csv", "*.csv", "up/root/in.csv"],
)
def test_what_is_inside_is_read(house: Path, location: str) -> None:
    """Also where a path climbs and comes back."""
    if location == "*.csv":
        (house / "root" / "linked.csv").unlink()
    assert "inside" in read(f"{house}/root/{location}", house / "root")


@pytest.mark.parametrize(
    "target",
    [
        "../outside/out.csv",
        "linked/out.csv",
        "linked.csv",
        "up/outside/out.csv",
        "../out.csv",
        "new/../../out.csv",
        "",
        "../root",
    ],
)
def test_nothing_is_written_outside(house: Path, target: str) -> None:
    """Not even beside the root, where the staging folder of the root itself would be."""
    before = sorted(str(path) for path in house.rglob("*"))
    location = f"{house}/root/{target}"
    pipeline = Pipeline.from_dict(
        {
            "version": "v2",
            "sources": [],
            "stages": [[{"name": "s", "query": "SELECT 1 AS a"}]],
            "destination": {
                "type": "file",
                "name": "d",
                "format": {"type": "csv"},
                "location": location,
                "single_file": target not in ("", "../root"),
            },
        }
    )
    settings = RunSettings(access=LimitedAccess(roots=[str(house / "root")]))
    with pytest.raises(AccessError):
        run_sync(pipeline, settings=settings)
    assert sorted(str(path) for path in house.rglob("*")) == before
    assert CANARY in (house / "outside" / "in.csv").read_text()


def test_hidden_folder_inside_a_root(house: Path) -> None:
    """What the executor keeps is not for pipelines, wherever it is."""
    access = LimitedAccess(roots=[str(house / "root")], hidden=[str(house / "root" / "data")])
    access.check_path(str(house / "root" / "in.csv"))
    with pytest.raises(AccessError, match="not for pipelines"):
        access.check_path(str(house / "root" / "data" / "day=1" / "in.csv"))


def test_root_of_everything(house: Path) -> None:
    """`/` opens all files."""
    LimitedAccess(roots=["/"]).check_path(str(house / "outside" / "in.csv"))


def test_link_that_changes_after_it_was_listed(house: Path) -> None:
    """Files are asked for once more, right before the engine opens them."""
    plain = house / "root" / "data" / "day=1" / "in.csv"
    access = LimitedAccess(roots=[str(house / "root")])
    asked: list[str] = []

    class Swapping(LimitedAccess):
        def check_path(self, path: str) -> None:
            super().check_path(path)
            if path == str(plain):
                asked.append(path)
                if len(asked) == 1:
                    plain.unlink()
                    plain.symlink_to(house / "outside" / "in.csv")

    pipeline = Pipeline.from_dict(
        {
            "version": "v2",
            "sources": [
                {"type": "file", "name": "t", "format": {"type": "csv"}, "location": str(plain)}
            ],
            "stages": [[{"name": "s", "query": "SELECT * FROM t", "show": 1}]],
        }
    )
    settings = RunSettings(access=Swapping(roots=access.roots))
    with pytest.raises(AccessError):
        run_sync(pipeline, settings=settings)
    assert len(asked) == 1


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "fd00:ec2::254",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    """However a name leads to them."""
    access = LimitedAccess(resolve=lambda _: [address])
    with pytest.raises(AccessError):
        access.check_host("store.example")
    LimitedAccess(resolve=lambda _: [address], endpoints=["*"]).check_host("store.example")


@pytest.mark.parametrize(
    "host",
    ["127.1", "0x7f.0.0.1", "2130706433", "017700000001", "localhost", "[::1]", "LOCALHOST."],
)
def test_spellings_of_this_machine(host: str) -> None:
    """The system understands them, so they are asked of it."""
    with pytest.raises(AccessError):
        LimitedAccess().check_host(host)


def test_one_private_address_among_public_ones_is_enough() -> None:
    """The next connection could get any of them."""
    access = LimitedAccess(resolve=lambda _: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(AccessError):
        access.check_host("store.example")
    LimitedAccess(resolve=lambda _: ["93.184.216.34"]).check_host("store.example")


@pytest.mark.parametrize(
    ("endpoint", "is_allowed"),
    [
        ("minio.internal", True),
        ("*.internal", True),
        ("minio.internal:9000", True),
        ("minio.internal:9001", False),
        ("10.0.0.0/8", True),
        ("10.0.0.5", True),
        ("192.168.0.0/16", False),
        ("other.internal", False),
    ],
)
def test_endpoints_that_are_allowed(endpoint: str, is_allowed: bool) -> None:
    """By name, with a port or without, or by network."""
    access = LimitedAccess(endpoints=[endpoint], resolve=lambda _: ["10.0.0.5"])
    if is_allowed:
        access.check_location("s3://b/x", {"aws_endpoint": "http://minio.internal:9000"})
    else:
        with pytest.raises(AccessError):
            access.check_location("s3://b/x", {"aws_endpoint": "http://minio.internal:9000"})


@pytest.mark.parametrize(
    ("location", "options"),
    [
        ("http://127.0.0.1:8080/x.csv", {}),
        ("HTTPS://LOCALHOST/x.csv", {}),
        ("https://user:pw@[::1]/x.csv", {}),
        ("s3://bucket/x", {"endpoint": "http://127.0.0.1:9000"}),
        ("s3://bucket/x", {"AWS_ENDPOINT_URL": "http://169.254.169.254/"}),
        ("s3://bucket/x", {"endpoint": "127.0.0.1:9000"}),
        ("s3://bucket/x", {"proxy_url": "http://10.0.0.1:3128"}),
        ("s3://bucket/x", {"whatever": "http://localhost/"}),
        ("s3://bucket/x", {"aws_metadata_endpoint": "http://93.184.216.34"}),
        ("s3://bucket/x", {"imdsv1_fallback": "true"}),
        ("s3://bucket/x", {"aws_container_credentials_relative_uri": "/v2/x"}),
        ("gs://bucket/x", {"google_service_account_path": "/etc/key.json"}),
        ("az://box/x", {"azure_federated_token_file": "/var/run/token"}),
        ("s3://bucket/x", {"endpoint": "http://[::1"}),
        ("s3://bucket/x", {"endpoint": "http://:80"}),
    ],
)
def test_locations_and_options_that_lead_inside(location: str, options: dict[str, str]) -> None:
    """No store is opened with them."""
    with pytest.raises(AccessError):
        LimitedAccess(roots=["/data"]).check_location(location, options)


def test_options_that_lead_nowhere() -> None:
    """Regions, keys and switches are nobody's business."""
    options = {"region": "eu-1", "secret_access_key": "abc/def", "allow_http": "true", "x": ""}
    LimitedAccess().check_location("s3://my.bucket/a/b", options)


@pytest.mark.parametrize(
    ("scheme", "reference", "is_allowed"),
    [
        ("env", "AQUEDUCTS_SECRET_DB", True),
        ("env", "AQUEDUCTS_API_KEY", False),
        ("env", "PATH", False),
        ("file", "/run/secrets/db", True),
        ("file", "/run/secrets/../../etc/passwd", False),
        ("file", "/run/secrets/a/../../../etc/passwd", False),
        ("file", "/etc/passwd", False),
        ("file", "run/secrets/db", False),
        ("vault", "AQUEDUCTS_SECRET_DB", False),
    ],
)
def test_secrets_by_name(scheme: str, reference: str, is_allowed: bool) -> None:
    """Only what fits, and no way around it."""
    access = LimitedAccess(secrets=["env:AQUEDUCTS_SECRET_*", "file:/run/secrets/*"])
    if is_allowed:
        access.check_secret(scheme, reference)
    else:
        with pytest.raises(AccessError):
            access.check_secret(scheme, reference)


def test_link_among_secrets(tmp_path: Path) -> None:
    """A file that is a link out of the folder of secrets is none."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "..data").mkdir()
    (secrets / "..data" / "db").write_text("x")
    (secrets / "db").symlink_to(secrets / "..data" / "db")  # as Kubernetes mounts them
    (secrets / "out").symlink_to("/etc/passwd")
    access = LimitedAccess(secrets=[f"file:{secrets}/*"])
    access.check_secret("file", f"{secrets}/db")
    with pytest.raises(AccessError):
        access.check_secret("file", f"{secrets}/out")


def test_secret_of_a_run_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that may not use a secret never sees it."""
    monkeypatch.setenv("SOMETHING", CANARY)
    pipeline = Pipeline.from_dict(
        {
            "version": "v2",
            "sources": [],
            "stages": [[{"name": "s", "query": "SELECT '${secret:env:SOMETHING}' AS a"}]],
        }
    )
    with pytest.raises(AccessError, match="--allow-secret"):
        run_sync(pipeline, settings=RunSettings(access=LimitedAccess()))


parts = st.sampled_from(["..", ".", "root", "data", "linked", "up", "outside", "", "in.csv", "*"])


@given(path=st.lists(parts, max_size=8))
def test_what_is_allowed_is_inside(
    path: Sequence[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever a path is made of: where it is allowed, it ends in the root."""
    base = tmp_path_factory.getbasetemp() / "walks"
    if not base.exists():
        (base / "root" / "data").mkdir(parents=True)
        (base / "outside").mkdir()
        (base / "root" / "linked").symlink_to(base / "outside")
        (base / "root" / "up").symlink_to("..")
    text = "/".join([str(base / "root"), *path])
    try:
        LimitedAccess(roots=[str(base / "root")]).check_path(text)
    except AccessError:
        return
    real = os.path.realpath(text)
    assert real == str(base / "root") or real.startswith(f"{base}/root/")
