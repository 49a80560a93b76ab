"""Stop a walk for reasons that several devices share: an unknown address, an ambiguous one, a wrong machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.flows.walk import DEVICES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ipplan.flows.walk import Place, Walk
    from ipplan.landscape.conflicts import TableKey
    from ipplan.plan.model import Network


def stop_at_unknown(walk: Walk, start: Place) -> None:
    """Stop where the plan has no range for the destination."""
    name = start.end.name if start.end is not None else None
    network = next((n for n in walk.landscape.ends.networks if n.name == walk.destination.network), None)
    if network is not None:
        stop_without_range(walk, DEVICES[start.device], (network,), "so the address is not known", name=name)
        return
    icp = walk.goal.end is not None and walk.goal.end.kind == "icp"
    walk.halt(
        DEVICES[start.device],
        "undetermined",
        f"the plan has no network for {walk.destination.text.strip('()')}, so it is not known",
        f'add a network of kind = "{"icp-worker" if icp else "iks-worker-private"}"',
        name=name,
    )


def stop_without_range(
    walk: Walk, device: str, networks: Sequence[Network], so: str, *, name: str | None = None
) -> None:
    """Stop because some networks of the plan have no range yet."""
    several = len(networks) > 1
    walk.halt(
        device,
        "undetermined",
        f"{' and '.join(n.name for n in networks)} {'have' if several else 'has'} no range yet, {so}",
        f"write {'their' if several else 'its'} cidr as soon as IBM Cloud has assigned it"
        if all(n.kind.provider == "ibm" for n in networks)
        else "run ipplan allocate PLAN --write",
        name=name,
    )


def stop_if_ambiguous(walk: Walk, device: str, table: TableKey) -> bool:
    """Stop if a table leads to two networks that have the destination; return whether it did."""
    found = walk.tracer.ambiguous(table, walk.destination)
    if found is None:
        return False
    names = " and ".join(c.network.name if c.shown is None else f"{c.network.name} (shown as {c.shown})" for c in found)
    walk.halt(
        device,
        "ambiguous",
        f"{walk.destination} is an address of {names}, and {table.title} leads to both",
        "ipplan check reports the overlap and a free range",
        name=table.end.name if table.end else None,
    )
    return True


def stop_at_wrong(walk: Walk, device: str, name: str | None, networks: Iterable[str]) -> Place | None:
    """Stop at a machine of some networks that is not the goal."""
    own = set(networks)
    holding = [c.network.name for c in walk.tracer.holding(walk.destination) if c.network.name in own]
    if walk.answering and not walk.destination.same(walk.goal.address):
        walk.halt(
            device,
            "no-session",
            f"the answer arrives at {walk.destination}, which has no session of the request",
            name=name,
        )
        return None
    where = f", an address of {holding[-1]}" if holding else ""
    walk.halt(
        device,
        "wrong-network",
        f"it arrives at {walk.destination}{where}, instead of {walk.goal.title}",
        "move one of the networks that have the address" if walk.at_goal() else None,
        name=name,
    )
    return None
