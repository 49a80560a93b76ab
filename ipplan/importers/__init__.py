"""Reads files of other tools as neutral rows of prefixes: a table of sources, each with a module of its own.

A reader is a pure function from bytes to `Observed`: it opens no file, uses no network, and either reads all of a file or
raises SourceError with every problem. It does not decide what a plan makes of the rows.

To add a source:

1. Write a module with `read(data: bytes) -> Observed`, which adds rows to a `Collector` and returns `collector.finish()`.
2. Add an entry to `IMPORTERS` below.
3. Add what identifies its files to a table in `guess.py`: for JSON, the keys of an entry in `_KEYS`.
4. Add a case to `CASES` in tests/importers/test_readers.py, and a real file to tests/importers/files with an entry in
   `GOOD` of tests/importers/test_import_files.py; `pytest tests/importers --update-golden` writes its plan.
5. Add a row to the table in docs/reference/import.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ipplan.importers.reading import Problem, SourceError
from ipplan.importers.tables import DEFAULTS, Options

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipplan.observed import Observed

__all__ = ["AUTO", "DEFAULTS", "IMPORTERS", "Importer", "Options", "Problem", "SourceError", "read_source"]

AUTO = "auto"
"""The name of the source that is guessed from the content of a file."""


class Importer(NamedTuple):
    """One source: its name, what it reads, the command that produces its file, and its reader as `module:function`.

    The reader of a `table` also takes the options for tables.
    """

    name: str
    title: str
    command: str
    function: str
    table: bool = False


IMPORTERS: dict[str, Importer] = {
    importer.name: importer
    for importer in (
        Importer(
            "ibmcloud-subnets",
            "subnets of an IBM Cloud classic account, or those available to IKS",
            "ibmcloud sl subnet list --output json; ibmcloud ks subnets --provider classic --output json",
            "ipplan.importers.ibmcloud_subnets:read",
        ),
        Importer(
            "ks-cluster",
            "an IKS cluster: pod, service and portable subnets",
            "ibmcloud ks cluster get --cluster NAME --show-resources --output json",
            "ipplan.importers.ks_cluster:read",
        ),
        Importer(
            "ks-workers",
            "addresses of the workers of an IKS cluster",
            "ibmcloud ks worker ls --cluster NAME --output json",
            "ipplan.importers.ks_workers:read",
        ),
        Importer(
            "kubectl-nodes",
            "addresses of worker nodes, and their pod ranges",
            "kubectl get nodes -o json",
            "ipplan.importers.kubectl_nodes:read",
        ),
        Importer(
            "calico-ippools",
            "pod networks of Calico",
            "kubectl get ippools.crd.projectcalico.org -o json",
            "ipplan.importers.calico_ippools:read",
        ),
        Importer(
            "icp-config",
            "pods, services and virtual addresses of IBM Cloud Private",
            "file cluster/config.yaml of the installer",
            "ipplan.importers.icp_config:read",
        ),
        Importer(
            "icp-hosts",
            "addresses of the nodes of IBM Cloud Private",
            "file cluster/hosts of the installer",
            "ipplan.importers.icp_hosts:read",
        ),
        Importer(
            "terraform-state",
            "IBM Cloud networks in the state of Terraform",
            "terraform show -json; terraform state pull",
            "ipplan.importers.terraform_state:read",
        ),
        Importer(
            "ip-route",
            "routes and addresses of a Linux router or node",
            "ip -j route; ip -j -6 route; ip -j addr",
            "ipplan.importers.ip_route:read",
        ),
        Importer(
            "strongswan",
            "both sides of a strongSwan tunnel",
            "helm get values RELEASE --all -o yaml",
            "ipplan.importers.strongswan:read",
        ),
        Importer(
            "ipsec-conf",
            "tunnels of a gateway with strongSwan or Libreswan",
            "file /etc/ipsec.conf of the gateway",
            "ipplan.importers.ipsec_conf:read",
        ),
        Importer(
            "swanctl",
            "tunnels of a gateway with strongSwan",
            "file /etc/swanctl/swanctl.conf of the gateway",
            "ipplan.importers.swanctl:read",
        ),
        Importer(
            "vyos",
            "IPsec tunnels of VyOS, Vyatta or EdgeOS",
            "show configuration commands; show configuration",
            "ipplan.importers.vyos:read",
        ),
        Importer(
            "netbox",
            "prefixes of NetBox",
            "CSV export of Prefixes, or GET /api/ipam/prefixes/?limit=0",
            "ipplan.importers.netbox:read",
            table=True,
        ),
        Importer(
            "phpipam",
            "subnets of phpIPAM",
            "export of subnets, saved as CSV",
            "ipplan.importers.phpipam:read",
            table=True,
        ),
        Importer(
            "infoblox",
            "networks and containers of Infoblox",
            "CSV export of the grid",
            "ipplan.importers.infoblox:read",
            table=True,
        ),
        Importer(
            "csv",
            "any table with a header",
            "a spreadsheet, as .xlsx or saved as CSV; ipplan init --table; ipplan show PLAN --format csv",
            "ipplan.importers.csv_table:read",
            table=True,
        ),
        Importer(
            "json",
            "an allocation of ipplan",
            "ipplan allocate PLAN --json",
            "ipplan.importers.allocation:read",
        ),
    )
}
"""Every source by its name, in the order of the documentation."""


def read_source(source: str, data: bytes, file: str, options: Options = DEFAULTS) -> Observed:
    """Read a file of a source, or guess the source from its content; `file` is its name in messages.

    `options` say how to read a table. Raises SourceError with every problem. Cost is linear in the size of the file.
    """
    from ipplan.importers.guess import guess_source

    if not data.strip():
        help_ = None if source == AUTO else f"{source} reads {IMPORTERS[source].title}"
        raise SourceError(Problem("the file is empty", 1, help_, "no-prefix"))
    try:
        if source == AUTO:
            source = guess_source(data, options)
        return replace(_read(source, data, options), file=file, source=source)
    except SourceError:
        if (other := _other_source(source, data, options)) is None:
            raise
        message = f"the file cannot be read as {source}, but it can be read as {other}"
        raise SourceError(Problem(message, None, f"use the source {other}, or {AUTO}", "wrong-source")) from None
    except RecursionError:
        raise SourceError(Problem("its values are nested too deeply to read", None, None, "bad-value")) from None


def _read(source: str, data: bytes, options: Options) -> Observed:
    from importlib import import_module

    importer = IMPORTERS[source]
    module, _, function = importer.function.partition(":")
    read: Callable[..., Observed] = getattr(import_module(module), function)
    if importer.table:
        return read(data, options)
    # --lenient skips lines of tables; other files are read whole or not at all.
    if options._replace(progress=None, lenient=False) != DEFAULTS:
        raise SourceError(
            Problem(
                f"source {source} is not a table, and --column, --skip-rows and --sheet are for tables",
                None,
                "remove these options",
                "wrong-source",
            )
        )
    return read(data)


def _other_source(source: str, data: bytes, options: Options) -> str | None:
    """Return the source of a file, where it differs from the named one and can be read; None otherwise."""
    from ipplan.importers.guess import guess_source

    try:
        other = guess_source(data, options)
        if source not in (AUTO, other):
            _read(other, data, options)
            return other
    except (SourceError, RecursionError):
        pass
    return None
