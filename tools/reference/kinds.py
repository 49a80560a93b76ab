"""The page on the kinds of network, from their table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipplan.plan.kinds import ICP_DEFAULTS, IKS_DEFAULTS, KINDS
from tools.reference.markdown import render_table

if TYPE_CHECKING:
    from ipplan.plan.kinds import Kind

_MADE_BY = "`python -m tools.build_reference` makes this page from the sources."
_PROVIDERS = {
    "default": "the platform",
    "ibm": "IBM Cloud",
    "byoip": "the enterprise, from a BYOIP pool",
    "enterprise": "the enterprise, on premises",
}


def page() -> str:
    """Return the page: one row a kind, and the sources of the default sizes."""
    rows = [
        (
            f"`{kind.name}`",
            kind.title,
            _PROVIDERS[kind.provider],
            _place(kind),
            _subnet(kind),
            {**IKS_DEFAULTS, **ICP_DEFAULTS}.get(kind.name, ""),
            "" if kind.default_lengths is None else "/{}, IPv6 /{}".format(*kind.default_lengths),
        )
        for kind in KINDS.values()
    ]
    sources = [(f"`{kind.name}`", kind.default_source) for kind in KINDS.values() if kind.default_source]
    return "\n".join(
        [
            "# Kinds of network\n",
            f"Every value of `kind` in `[networks.NAME]`. {_MADE_BY}\n",
            "`allocate` places the networks whose range comes from a BYOIP pool. IBM Cloud assigns its subnets when you"
            " order them.\n",
            render_table(
                ("kind", "addresses of", "range comes from", "belongs to", "subnet", "default range", "default size"),
                rows,
            ),
            "A cluster that declares no pod or service network takes the default range of its platform. An IKS network"
            " without `cidr` and `pool` takes it too.\n",
            "The default size is for a network that states no size, if its cluster does not decide the size. Sources of"
            " the default sizes:\n",
            render_table(("kind", "source"), sources),
        ]
    )


def _place(kind: Kind) -> str:
    """Return what a network of a kind belongs to."""
    if kind.platform is not None:
        return f"{kind.platform.upper()} cluster{', behind its edge' if kind.of_edge else ''}"
    return "edge" if kind.of_edge else "site"


def _subnet(kind: Kind) -> str:
    if kind.subnet_type is None:
        return ""
    return f"{kind.subnet_type}, {'public' if kind.public else 'private'}"
