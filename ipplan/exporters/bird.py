"""bird.conf (BIRD 2) for one IKS worker: the other end of the BGP sessions.

On a worker Calico writes its own BIRD configuration (projectcalico/confd @0ec0d75, bird.cfg.template). This one does
the same towards ESG or BCR, for labs and for comparison. Keywords: BIRD 2.0 (bird.network.cz, user's guide).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.exporters import ExportError, comment, find_cluster, refuse
from ipplan.exporters.bgp import examples, missing_for_sessions
from ipplan.landscape import End

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ipplan.addresses import Prefix
    from ipplan.exporters import Request
    from ipplan.landscape.model import HostAddress, Session, Speaker
    from ipplan.plan.model import Cluster

_LINK = "eth0"
"""The private interface of a worker."""


def export_bird(request: Request) -> str:
    """Return bird.conf for one worker of an IKS cluster: the one that --worker names, or the first.

    Raises ExportError with everything that is missing in the plan.
    """
    cluster = find_cluster(request, "iks")
    by_worker = _sessions_by_worker(request, cluster)
    refuse([*_missing(request, cluster, by_worker)])
    number, address = _choose(request.options.worker, list(by_worker), cluster.name)
    sessions = by_worker[address]
    worker, peers = sessions[0].first, [s.second for s in sessions]
    far = list(dict.fromkeys(s.second.subnet for s in sessions if s.across))
    lines = [
        *map(comment, request.header(f"bird.conf of an IKS worker in cluster {cluster.name}")),
        f"# For worker {number} of {len(by_worker)}; choose another with --worker. Only addresses differ.",
        "# The worker accepts the networks behind the ESG, and no others.",
        *examples((worker.address, *(p.address for p in peers)), peers),
        *_general(worker, on_link=bool(far)),
        *_pod_blocks(worker),
        *_common_vlan(far),
    ]
    for nth, session in enumerate(sessions, 1):
        lines += ["", *_session(session, f"{session.second.device.lower()}{nth}")]
    return "\n".join(lines) + "\n"


def _sessions_by_worker(request: Request, cluster: Cluster) -> dict[HostAddress, list[Session]]:
    """Return the sessions of each worker; with --edge only those with this ESG, and with the BCR."""
    asked = request.options.edge
    found: dict[HostAddress, list[Session]] = {}
    for session in request.landscape.sessions_of(End("iks", cluster.name)):
        if asked is None or session.second.device != "ESG" or session.second.name == asked:
            found.setdefault(session.first.address, []).append(session)
    return found


def _missing(
    request: Request, cluster: Cluster, by_worker: Mapping[HostAddress, Sequence[Session]]
) -> Iterator[tuple[str, str]]:
    """Yield what is missing in the plan, and what to write."""
    for_sessions = list(missing_for_sessions(request.landscape, End("iks", cluster.name)))
    yield from for_sessions
    if not by_worker and not for_sessions:
        yield (
            f"cluster {cluster.name} has no workers with a private range, or no ESG to peer with",
            'write cidr in its network of kind = "iks-worker-private", and in one of kind = "vcs-esg-private"',
        )
    speakers = [s for own in by_worker.values() for session in own for s in session]
    for device, what in (
        ("vRouter", f"cluster {cluster.name} has no pod network"),
        ("ESG", "no network is behind the ESG"),
        ("BCR", "no network is behind the ESG"),
    ):
        if any(s.device == device and not s.announces for s in speakers):
            yield f"{what} with an IPv4 range to announce", "add networks, and run ipplan allocate PLAN --write"


def _general(worker: Speaker, *, on_link: bool) -> list[str]:
    # The kernel refuses a next hop without an on-link route to it.
    kept = ' || proto = "common_vlan"' if on_link else ""
    return [
        "log syslog all;",
        f"router id {worker.address.text};",
        "",
        "protocol device { }",
        "protocol direct { ipv4; }",
        f"protocol kernel {{ ipv4 {{ import none; export where source = RTS_BGP{kept}; }}; }}",
    ]


def _pod_blocks(worker: Speaker) -> list[str]:
    return [
        "",
        "# An example: the whole pod range. Calico announces the blocks that the worker has of it.",
        "protocol static pod_blocks {",
        "  ipv4;",
        *(f"  route {prefix} blackhole;" for prefix in worker.announces),
        "}",
    ]


def _common_vlan(subnets: Sequence[Prefix]) -> list[str]:
    """Return on-link routes to the subnets of peers that the worker has no address in."""
    if not subnets:
        return []
    return [
        "",
        f"# On the common VLAN, not through the BCR, which drops traffic to the overlay; {_LINK} is an example.",
        "protocol static common_vlan {",
        "  ipv4;",
        *(f'  route {subnet} via "{_LINK}";' for subnet in subnets),
        "}",
    ]


def _choose(asked: str | None, workers: Sequence[HostAddress], cluster: str) -> tuple[int, HostAddress]:
    """Return number and address of the worker that --worker names by one of them, else of the first."""
    if asked is None:
        return 1, workers[0]
    numbers: Mapping[str, int] = {
        **{address.text: number for number, address in enumerate(workers, 1)},
        **{str(number): number for number in range(1, len(workers) + 1)},
    }
    if asked not in numbers:
        raise ExportError(
            f"cluster {cluster} has no worker {asked}",
            f"its workers have the numbers 1 to {len(workers)}, and the addresses {workers[0].text} to {workers[-1].text}",
        )
    return numbers[asked], workers[numbers[asked] - 1]


def _session(session: Session, name: str) -> list[str]:
    worker, peer = session
    return [
        comment(f"the {peer.device}{f' {peer.name}' if peer.name else ''}"),
        f"protocol bgp {name} {{",
        f"  local {worker.address.text} as {worker.asn};",
        f"  neighbor {peer.address.text} as {peer.asn};",
        "  multihop;",
        "  ipv4 {",
        "    gateway recursive;",
        "    next hop self;",
        f"    import where net ~ {_prefixes(peer)};",
        '    export where proto = "pod_blocks";',
        "  };",
        "}",
    ]


def _prefixes(peer: Speaker) -> str:
    return f"[ {', '.join(map(str, peer.announces))} ]"
