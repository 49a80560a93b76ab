"""Decide which pod and service ranges IBM Cloud Kubernetes Service accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.addresses import parse_prefix
from ipplan.plan.kinds import IKS_OLD_SERVICES

if TYPE_CHECKING:
    from ipplan.catalog import IksWindow
    from ipplan.plan.kinds import Kind
    from ipplan.plan.model import Network

_OLD_SERVICES = parse_prefix(IKS_OLD_SERVICES)


def windows_for(kind: Kind) -> tuple[IksWindow, ...]:
    """Return the windows in which IKS accepts pod ranges, or service ranges."""
    from ipplan.catalog import iks_windows

    option = f"{kind.role}-subnet"
    return tuple(window for window in iks_windows() if window.option == option)


def is_old_service_range(network: Network) -> bool:
    """Return whether the network is the service range that IKS gave to clusters before October 2017."""
    return network.kind.name == "iks-service" and network.prefix == _OLD_SERVICES


def in_iks_window(network: Network) -> bool:
    """Return whether the network is a pod or service range of IKS inside a window that IKS accepts for it.

    The service range of clusters from before October 2017 is accepted too.
    """
    if network.kind.provider != "default" or network.prefix is None:
        return False
    return is_old_service_range(network) or any(
        window.prefix.covers(network.prefix) for window in windows_for(network.kind)
    )
