"""The Helm chart: rendered by Helm's own code, held to the schemas of Kubernetes."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import helm_python as helm
import kubernetes_validate
import pytest
import yaml

import aqueducts_executor
from aqueducts_executor.options.table import OPTIONS

ROOT = Path(__file__).resolve().parents[4]
CHART = ROOT / "deploy/helm/aqueducts-executor"
KEY = "a-key-of-sixteen-or-more"
DEFAULTS: dict[str, Any] = {"apiKey": {"value": KEY}}
VERSIONS = ("1.27", "1.30", "1.33")

EVERYTHING: dict[str, Any] = {
    "fullnameOverride": "etl",
    "image": {"repository": "registry.example.com/etl/executor", "tag": "7"},
    "imagePullSecrets": [{"name": "registry"}],
    "apiKey": {"existingSecret": "keys", "secretKey": "executor.key"},
    "config": {
        "logLevel": "debug",
        "maxMemory": "1.5GB",
        "queueSize": 0,
        "maxRunSeconds": 2_000_000,
        "shutdownGraceSeconds": 600,
        "dataRoots": ["/data", "/lake"],
        "allowEndpoints": ["minio:9000", "10.0.0.0/8"],
        "allowSecrets": ["env:DB_*"],
    },
    "env": [{"name": "TZ", "value": "UTC"}],
    "envFrom": [{"secretRef": {"name": "secrets-of-pipelines"}}],
    "state": {"persistent": True, "size": "5Gi", "storageClass": "fast"},
    "data": {"existingClaim": "lake"},
    "service": {"type": "LoadBalancer", "port": 80, "annotations": {"a": "b"}},
    "serviceMonitor": {
        "enabled": True,
        "interval": "10s",
        "labels": {"release": "prometheus"},
        "endpoint": {"scrapeTimeout": "5s"},
    },
    "serviceAccount": {"name": "etl"},
    "podAnnotations": {"c": "d"},
    "podLabels": {"e": "f"},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "etl", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
}


def render(values: dict[str, Any], name: str = "rel") -> dict[str, Any]:
    """The manifests of a release by kind."""
    with helm.Chart.load(str(CHART)) as chart:
        texts = chart.render(values, name=name, namespace="prod")
    documents = [
        document
        for path, text in texts.items()
        if not path.endswith("NOTES.txt")
        for document in yaml.safe_load_all(text)
        if document
    ]
    found = {document["kind"]: document for document in documents}
    assert len(found) == len(documents)
    return found


def container(manifests: dict[str, Any]) -> dict[str, Any]:
    """The one container."""
    (one,) = manifests["StatefulSet"]["spec"]["template"]["spec"]["containers"]
    assert isinstance(one, dict)
    return one


def variables(manifests: dict[str, Any]) -> dict[str, str]:
    """The environment of the container."""
    return {each["name"]: each["value"] for each in container(manifests)["env"]}


def test_helm_has_nothing_to_say() -> None:
    """No warning, no error."""
    helm.lint(str(CHART))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("values", [DEFAULTS, EVERYTHING], ids=["defaults", "everything"])
def test_manifests_are_what_kubernetes_takes(values: dict[str, Any], version: str) -> None:
    """To the last field; a ServiceMonitor is of somebody else's API."""
    for kind, manifest in render(values).items():
        if kind != "ServiceMonitor":
            kubernetes_validate.validate(manifest, version, strict=True)


def test_the_check_can_fail() -> None:
    """A wrong manifest is found."""
    manifest = render(DEFAULTS)["Service"]
    manifest["spec"]["prots"] = manifest["spec"].pop("ports")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, VERSIONS[0], strict=True)


def test_versions_are_those_of_the_executor() -> None:
    """The image that the chart asks for is that of its version."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == aqueducts_executor.__version__
    assert container(render(DEFAULTS))["image"] == f"aqueducts-executor:{chart['appVersion']}"


def test_pods_have_no_rights() -> None:
    """No user of the system, no capability, no token, nothing to write but what is mounted."""
    manifests = render(DEFAULTS)
    pod = manifests["StatefulSet"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container(manifests)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounts = {each["mountPath"]: each for each in container(manifests)["volumeMounts"]}
    assert set(mounts) == {"/state", "/data", "/tmp", "/run/aqueducts"}
    assert mounts["/run/aqueducts"]["readOnly"] is True


def test_probes_ask_what_needs_no_key() -> None:
    """Alive is not the same as ready: an executor that drains is alive."""
    one = container(render(DEFAULTS))
    paths = {
        name: one[name]["httpGet"]["path"]
        for name in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert paths == {
        "startupProbe": "/health",
        "livenessProbe": "/health",
        "readinessProbe": "/ready",
    }


def test_the_key_is_in_a_secret_and_nowhere_else() -> None:
    """The container reads it from a file."""
    manifests = render(DEFAULTS)
    assert base64.b64decode(manifests["Secret"]["data"]["api-key"]).decode() == KEY
    assert variables(manifests)["AQUEDUCTS_API_KEY_FILE"] == "/run/aqueducts/api-key"
    rest = yaml.safe_dump([each for kind, each in manifests.items() if kind != "Secret"])
    assert KEY not in rest
    changed = render({"apiKey": {"value": KEY + "-2"}})
    annotations = [
        each["StatefulSet"]["spec"]["template"]["metadata"]["annotations"]
        for each in (manifests, changed)
    ]
    assert annotations[0] != annotations[1]


def test_a_secret_of_your_own_is_used() -> None:
    """Then the chart makes none."""
    manifests = render(EVERYTHING)
    assert "Secret" not in manifests
    volumes = manifests["StatefulSet"]["spec"]["template"]["spec"]["volumes"]
    (key,) = [each for each in volumes if each["name"] == "key"]
    assert key["secret"]["secretName"] == "keys"
    assert variables(manifests)["AQUEDUCTS_API_KEY_FILE"] == "/run/aqueducts/executor.key"


def test_every_value_arrives() -> None:
    """As options that the executor has."""
    manifests = render(EVERYTHING)
    given = variables(manifests)
    assert given == {
        "AQUEDUCTS_API_KEY_FILE": "/run/aqueducts/executor.key",
        "AQUEDUCTS_LOG_LEVEL": "debug",
        "AQUEDUCTS_MAX_MEMORY": "1.5GB",
        "AQUEDUCTS_QUEUE_SIZE": "0",
        "AQUEDUCTS_MAX_RUN_SECONDS": "2000000",
        "AQUEDUCTS_SHUTDOWN_GRACE": "600",
        "AQUEDUCTS_DATA_ROOT": "/data:/lake",
        "AQUEDUCTS_ALLOW_ENDPOINT": "minio:9000,10.0.0.0/8",
        "AQUEDUCTS_ALLOW_SECRET": "env:DB_*",
        "TZ": "UTC",
    }
    known = {each.variable for each in OPTIONS} | {"AQUEDUCTS_API_KEY_FILE"}
    assert {name for name in given if name.startswith("AQUEDUCTS_")} <= known
    spec = manifests["StatefulSet"]["spec"]
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] == 615
    assert spec["volumeClaimTemplates"][0]["spec"]["storageClassName"] == "fast"
    assert manifests["StatefulSet"]["metadata"]["name"] == "etl"
    monitor = manifests["ServiceMonitor"]
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["endpoints"] == [
        {"port": "http", "path": "/metrics", "interval": "10s", "scrapeTimeout": "5s"}
    ]


def test_without_a_disk_the_state_ends_with_the_pod() -> None:
    """Where that is asked for."""
    spec = render({**DEFAULTS, "state": {"persistent": False}})["StatefulSet"]["spec"]
    assert "volumeClaimTemplates" not in spec
    assert {"name": "state", "emptyDir": {}} in spec["template"]["spec"]["volumes"]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"apiKey": {"value": "short"}},
        {"apiKey": {"value": "sixteen letters and spaces"}},
        {**DEFAULTS, "replicas": 3},
        {**DEFAULTS, "config": {"logLevel": "loud"}},
        {**DEFAULTS, "config": {"maxMemory": "a lot"}},
        {**DEFAULTS, "config": {"dataRoots": ["data"]}},
        {**DEFAULTS, "config": {"queueSize": -1}},
        {**DEFAULTS, "service": {"port": 70000}},
        {**DEFAULTS, "image": {"repository": ""}},
    ],
)
def test_wrong_values_are_refused(wrong: dict[str, Any]) -> None:
    """Before anything is made of them."""
    with pytest.raises(helm.HelmValuesError):
        render(wrong)


@pytest.mark.parametrize(
    ("release", "name"),
    [("rel", "rel-aqueducts-executor"), ("my-aqueducts-executor", "my-aqueducts-executor")],
)
def test_names_tell_the_release(release: str, name: str) -> None:
    """And are never too long for what Kubernetes adds to them."""
    assert render(DEFAULTS, release)["StatefulSet"]["metadata"]["name"] == name
    longest = render(DEFAULTS, "r" * 53)["StatefulSet"]["metadata"]["name"]
    assert re.fullmatch(r"[a-z0-9-]{1,52}", longest)
