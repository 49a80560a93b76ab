"""config.yaml of ICP: defaults apply where the installer would use them, and nowhere else."""

from __future__ import annotations

import pytest

from ipplan.catalog import load_catalog
from ipplan.checks import check_plan
from ipplan.checks.drift import Against
from ipplan.importers import read_source
from ipplan.importers.plan_text import make_plan
from ipplan.plan.load import parse_plan

OPENSHIFT = """\
cluster_nodes:
  master:
    - worker-1.example.com
storage_class: rook
openshift:
  console:
    host: console.apps.example.com
    port: 443
default_admin_password: not-told
kubernetes_cluster_type: openshift
management_services:
  logging: enabled
"""
"""After the config.yaml that a Terraform module for ICP on OpenShift writes (found by its key kubernetes_cluster_type)."""


@pytest.mark.parametrize(
    ("config", "why"),
    [
        (OPENSHIFT, 'kubernetes_cluster_type is "openshift"'),
        ("kubernetes_cluster_type: openshift\n", 'kubernetes_cluster_type is "openshift"'),
        ("kubernetes_cluster_type: OpenShift\nnetwork_type: calico\n", 'kubernetes_cluster_type is "OpenShift"'),
        ("kubernetes_cluster_type: eks\ncluster_name: x\n", 'kubernetes_cluster_type is "eks"'),
        ("network_type: calico\nopenshift:\n  console: {port: 443}\n", "the file has the key openshift"),
        ("network_type: calico\ncluster_nodes: {master: [a]}\n", "the file has the key cluster_nodes"),
        ('{"kubernetes_cluster_type": "openshift"}', 'kubernetes_cluster_type is "openshift"'),
    ],
)
def test_on_openshift_no_range_is_invented_and_a_note_says_why(config: str, why: str) -> None:
    observed = read_source("auto", config.encode(), "config.yaml")
    text = make_plan([observed], None).text

    assert observed.source == "icp-config"
    assert (observed.rows, observed.clusters, observed.kinds) == ((), (), frozenset())
    assert len(observed.notes) == 1
    assert observed.notes[0].startswith(f"{why}: the Kubernetes cluster has its own pod and service ranges")
    assert "10.1.0.0" not in text
    assert "10.0.0.0" not in text
    assert "not-told" not in text + str(observed)
    plan = parse_plan(text.encode(), "plan.toml")
    assert list(plan.defaults) == []
    assert not [f for f in check_plan(plan, load_catalog(), None, Against(plan, (observed,))) if f.rule == "drift"]


def test_on_openshift_a_stated_range_is_kept_clear() -> None:
    config = "kubernetes_cluster_type: openshift\nnetwork_cidr: 10.128.0.0/14\ncluster_vip: 10.5.0.9\n"
    plan = parse_plan(make_plan([read_source("auto", config.encode(), "x")], None).text.encode(), "x")
    assert {str(avoid.prefix) for avoid in plan.avoids} == {"10.128.0.0/14", "10.5.0.9/32"}
    assert (plan.networks, dict(plan.clusters)) == ((), {})


@pytest.mark.parametrize(
    ("config", "rows", "notes"),
    [
        ("network_type: calico\n", ["10.1.0.0/16", "10.0.0.0/16"], 0),
        ("kubernetes_cluster_type: icp\nnetwork_type: calico\n", ["10.1.0.0/16", "10.0.0.0/16"], 0),
        ("network_ip_version: ipv4\nnetwork_type: calico\n", ["10.1.0.0/16", "10.0.0.0/16"], 0),
        ("network_ip_version: ipv6\nnetwork_type: calico\n", ["fd03::/112", "fd02::/112"], 0),
        ("network_ip_version: ipv6\nnetwork_cidr: fd05::/112\n", ["fd05::/112", "fd02::/112"], 0),
        ("network_ip_version: both\nnetwork_cidr: 10.5.0.0/16\n", ["10.5.0.0/16"], 1),
        ("network_type: nsx-t\n", ["10.0.0.0/16"], 1),
        ("network_type: nsx-t\nnetwork_cidr: 10.5.0.0/16\n", ["10.5.0.0/16", "10.0.0.0/16"], 0),
    ],
)
def test_a_default_follows_the_other_keys(config: str, rows: list[str], notes: int) -> None:
    observed = read_source("auto", config.encode(), "x")
    assert [str(row.prefix) for row in observed.rows] == rows
    assert len(observed.notes) == notes
    assert {row.kind for row in observed.rows} == observed.kinds
