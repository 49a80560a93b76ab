"""Every target for every cluster, edge, site and tunnel of a plan, with an index of what is there and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.exporters import TARGETS, ExportError, export
from ipplan.output.text import escape
from ipplan.plan.names import as_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ipplan.exporters import Options, Request
    from ipplan.landscape import End

INDEX = "index.md"
"""The file that says what the others are."""

_FILES = {
    "icp-config": "config.yaml",
    "strongswan-conf": "swanctl.conf",
    "strongswan-conf-iks": "swanctl.conf",
    "strongswan-conf-iks-icp": "swanctl-clusters.conf",
    "strongswan-conf-icp": "swanctl.conf",
    "strongswan-conf-site": "swanctl.conf",
    "nsx-esg": "nsx-esg.xml",
    "nsx-esg-table": "nsx-esg.md",
    "routes": "routes.md",
    "ip-route": "ip-route.sh",
    "ip-address": "ip-address.sh",
    "nftables": "nat.nft",
    "ibmcloud": "ibmcloud.sh",
    "frr": "frr.conf",
    "bird": "bird.conf",
    "static-route": "static-route.yaml",
    "calico": "calico.yaml",
    "hosts": "hosts",
    "reverse-zones": "reverse-zones.db",
    "xlsx": "plan.xlsx",
    "netbox": "netbox.csv",
    "ansible": "group_vars.yaml",
    "terraform": "ipplan.auto.tfvars.json",
}
"""The name of the file of each target that has one for each device or plan."""
_WHOLE = (
    "xlsx",
    "routes",
    "ip-route",
    "ip-address",
    "ibmcloud",
    "hosts",
    "reverse-zones",
    "netbox",
    "ansible",
    "terraform",
)
_OF_CLUSTER = {
    "iks": ("calico", "bird", "static-route", "strongswan-conf-iks", "strongswan-conf-iks-icp"),
    "icp": ("icp-config", "calico", "strongswan-conf-icp"),
}
_OF_EDGE = ("nsx-esg", "nsx-esg-table", "nftables", "frr", "strongswan-conf")
_OF_SITE = ("strongswan-conf-site",)
_BGP = ("common-vlan", "bgp")
_IPSEC = ("strongswan", "ipsec")


class Made(NamedTuple):
    """One file: its path below the folder, its bytes, the target that it is of, and whom it is for."""

    path: str
    data: bytes
    target: str
    owner: str


class Missing(NamedTuple):
    """A target that cannot be made for somebody: why, and what to do."""

    target: str
    owner: str
    why: str
    help: str | None


class Everything(NamedTuple):
    """All files but the index, and what cannot be made."""

    files: tuple[Made, ...]
    missing: tuple[Missing, ...]


class _Job(NamedTuple):
    """What to make: a target with its options, the path of its file, and whom it is for."""

    target: str
    options: Options
    path: str
    owner: str


def export_everything(request: Request, progress: Callable[[int, int], None] | None = None) -> Everything:
    """Return every target for everyone that it can be for; names of files are made of letters, digits and hyphens.

    `progress` is told how many files are made of how many.
    """
    files, missing = [], []
    jobs = list(_jobs(request))
    for number, job in enumerate(jobs):
        if progress is not None:
            progress(number, len(jobs))
        try:
            made = export(TARGETS[job.target], request._replace(options=job.options))
        except ExportError as error:
            missing.append(Missing(job.target, job.owner, str(error), error.help))
        else:
            data = made.encode("utf-8") if isinstance(made, str) else made
            files.append(Made(job.path, data, job.target, job.owner))
    return Everything(tuple(files), tuple(missing))


def _jobs(request: Request) -> Iterator[_Job]:
    ends, options = request.landscape.ends, request.options
    for target in _WHOLE:
        yield _Job(target, options, _FILES[target], "the whole plan")
    clusters = [end for end in ends.clusters if end.name is not None]
    labels = as_labels(end.name or "" for end in clusters)
    for end in clusters:
        folder = f"cluster-{labels[end.name or '']}"
        own = options._replace(cluster=end.name)
        yield from _device_jobs(request, _OF_CLUSTER[end.kind], own, folder, end)
        yield from _tunnel_jobs(request, end, folder)
    for end, folder in _folders("edge", ends.edges):
        yield from _device_jobs(request, _OF_EDGE, options._replace(edge=end.name), folder, end)
    for end, folder in _folders("site", ends.sites):
        yield from _device_jobs(request, _OF_SITE, options._replace(site=end.name), folder, end)


def _folders(kind: str, ends: Sequence[End]) -> Iterator[tuple[End, str]]:
    labels = as_labels(end.name for end in ends if end.name is not None)
    for end in ends:
        yield end, kind if end.name is None else f"{kind}-{labels[end.name]}"


def _device_jobs(request: Request, targets: Sequence[str], options: Options, folder: str, end: End) -> Iterator[_Job]:
    for target in targets:
        if _is_for(request, target, end):
            yield _Job(target, options, f"{folder}/{_FILES[target]}", end.title)


def _is_for(request: Request, target: str, end: End) -> bool:
    """Tell whether a target is for an end at all: BGP and tunnels only where the plan has any there."""
    ends = request.landscape.ends
    if target in ("bird", "frr"):
        return any(joint.method in _BGP for joint in ends.links.of(end))
    if target.startswith("strongswan-conf"):
        far = [t.far_from(end).end.kind for t in request.landscape.tunnels.of_end(end) if t.joint.method in _IPSEC]
        if target == "strongswan-conf-iks":
            return "edge" in far
        return bool({"iks", "icp"} & set(far)) if target == "strongswan-conf-iks-icp" else bool(far)
    return True


def _tunnel_jobs(request: Request, end: End, folder: str) -> Iterator[_Job]:
    """Yield the values of the chart for each tunnel of a cluster."""
    far_ends = [tunnel.far_from(end).end for tunnel in request.landscape.tunnels.of_end(end)]
    labels = as_labels(far.name or "esg" for far in far_ends)
    for far in far_ends:
        if end.kind == "icp":
            target = "strongswan-icp"
        else:
            target = "strongswan-iks" if far.kind == "edge" else "strongswan-iks-icp"
        options = request.options._replace(cluster=end.name, to=far.name)
        path = f"{folder}/strongswan-to-{labels[far.name or 'esg']}.yaml"
        yield _Job(target, options, path, f"{end.title}, tunnel to {far.title}")


def render_index(request: Request, made: Everything, open_points: Sequence[str]) -> str:
    """Return the index as Markdown: each file with what it is and for whom, what is not written, and what is open."""
    plan = request.plan
    lines = [f"# {_cell(plan.name or plan.file)}", "", _cell(request.header("")[1]), ""]
    lines += ["| file | what it is | for |", "| --- | --- | --- |"]
    lines += [
        f"| [{file.path}]({file.path}) | {_cell(TARGETS[file.target].title)} | {_cell(file.owner)} |"
        for file in made.files
    ]
    if made.missing:
        lines += [
            "",
            "## Not written",
            "",
            "| target | for | why | what to do |",
            "| --- | --- | --- | --- |",
        ]
        lines += [f"| {m.target} | {_cell(m.owner)} | {_cell(m.why)} | {_cell(m.help or '')} |" for m in made.missing]
    lines += ["", "## Still open", ""]
    lines += [f"- {_cell(point)}" for point in open_points] or ["Nothing."]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Return text for a cell or line of Markdown, in which nothing is taken for markup."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>|#&" else char for char in escape(text))
