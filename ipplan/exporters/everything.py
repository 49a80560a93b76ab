"""All targets for all clusters, edges, sites and tunnels of a plan, with an index of what is written and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.exporters import TARGETS, ExportError, Target, export
from ipplan.output.text import escape
from ipplan.plan.names import as_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ipplan.exporters import Options, Request
    from ipplan.landscape import End

INDEX = "index.md"
"""The file that lists the others."""

_BGP = ("common-vlan", "bgp")
_IPSEC = ("strongswan", "ipsec")
_CLUSTERS = frozenset(("iks", "icp"))


class Made(NamedTuple):
    """One file: its path below the folder, its bytes, its target, and its owner: the device or cluster that it is for."""

    path: str
    data: bytes
    target: str
    owner: str


class Missing(NamedTuple):
    """A target that cannot be written for an owner: why, and what to do."""

    target: str
    owner: str
    why: str
    help: str | None


class Everything(NamedTuple):
    """All files except the index, and what cannot be written."""

    files: tuple[Made, ...]
    missing: tuple[Missing, ...]


class _Job(NamedTuple):
    """One file to write: a target with its options, the path of the file, and its owner."""

    target: Target
    options: Options
    path: str
    owner: str


def export_everything(request: Request, progress: Callable[[int, int], None] | None = None) -> Everything:
    """Return every target for every owner; file names consist of letters, digits, hyphens and periods.

    `progress` gets the number of files written so far, and the number of all.
    """
    files, missing = [], []
    jobs = list(_jobs(request))
    for number, job in enumerate(jobs):
        if progress is not None:
            progress(number, len(jobs))
        try:
            made = export(job.target, request._replace(options=job.options))
        except ExportError as error:
            missing.append(Missing(job.target.name, job.owner, str(error), error.help))
        else:
            data = made.encode("utf-8") if isinstance(made, str) else made
            files.append(Made(job.path, data, job.target.name, job.owner))
    return Everything(tuple(files), tuple(missing))


def _jobs(request: Request) -> Iterator[_Job]:
    ends, options = request.landscape.ends, request.options
    for target in _targets_of("plan"):
        yield _Job(target, options, target.file, "the whole plan")
    clusters = [end for end in ends.clusters if end.name is not None]
    labels = as_labels(end.name or "" for end in clusters)
    for end in clusters:
        folder = f"cluster-{labels[end.name or '']}"
        yield from _jobs_of(request, end, folder, options._replace(cluster=end.name))
        yield from _tunnel_jobs(request, end, folder)
    for end, folder in _folders("edge", ends.edges):
        yield from _jobs_of(request, end, folder, options._replace(edge=end.name))
    for end, folder in _folders("site", ends.sites):
        yield from _jobs_of(request, end, folder, options._replace(site=end.name))


def _targets_of(*owners: str) -> list[Target]:
    return [target for target in TARGETS.values() if target.owner in owners]


def _folders(kind: str, ends: Sequence[End]) -> Iterator[tuple[End, str]]:
    labels = as_labels(end.name for end in ends if end.name is not None)
    for end in ends:
        yield end, kind if end.name is None else f"{kind}-{labels[end.name]}"


def _jobs_of(request: Request, end: End, folder: str, options: Options) -> Iterator[_Job]:
    """Yield the files of a cluster, an edge or a site."""
    owners = (end.kind, "cluster") if end.kind in _CLUSTERS else (end.kind,)
    for target in _targets_of(*owners):
        if _has_what_it_needs(request, target, end):
            yield _Job(target, options, f"{folder}/{target.file}", end.title)


def _has_what_it_needs(request: Request, target: Target, end: End) -> bool:
    """Return whether an end has the BGP sessions or tunnels without which a target is not written."""
    if target.needs is None:
        return True
    if target.needs == "bgp":
        return any(joint.method in _BGP for joint in request.landscape.ends.links.of(end))
    far = {t.far_from(end).end.kind for t in request.landscape.tunnels.of_end(end) if t.joint.method in _IPSEC}
    if target.needs == "ipsec-to-edge":
        return "edge" in far
    return bool(_CLUSTERS & far) if target.needs == "ipsec-to-cluster" else bool(far)


def _tunnel_jobs(request: Request, end: End, folder: str) -> Iterator[_Job]:
    """Yield the values of the chart for each tunnel of a cluster."""
    far_ends = [tunnel.far_from(end).end for tunnel in request.landscape.tunnels.of_end(end)]
    labels = as_labels(far.name or "esg" for far in far_ends)
    for far in far_ends:
        if end.kind == "icp":
            target = TARGETS["strongswan-icp"]
        else:
            target = TARGETS["strongswan-iks" if far.kind == "edge" else "strongswan-iks-icp"]
        options = request.options._replace(cluster=end.name, to=far.name)
        path = f"{folder}/strongswan-to-{labels[far.name or 'esg']}.yaml"
        yield _Job(target, options, path, f"{end.title}, tunnel to {far.title}")


def render_index(request: Request, made: Everything, open_points: Sequence[str]) -> str:
    """Return the index as Markdown: each file with its content and owner, targets that are not written, and open points."""
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
    """Return text for a cell or line of Markdown, with every character escaped that could be markup."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>|#&" else char for char in escape(text))
