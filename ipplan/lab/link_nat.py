"""NAT of links, where no export writes it: a link shows networks of one side at other addresses to the other side."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipplan.addresses import format_address
from ipplan.lab.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ipplan.addresses import Prefix
    from ipplan.lab.drafts import Draft
    from ipplan.landscape.model import Translation


class LinkNat(NamedTuple):
    """The NAT of one link at one device.

    `own` are the translations of this side, done when packets leave. `far` are those of the far side, where this device
    does both. `remote` are the subnets of the far side. `table` is the routing table of the link, and its number also
    marks packets: they are routed by the addresses at which the far side is shown. `shared` says that several links use
    the interface, so that only the far side distinguishes them.
    """

    interface: str
    own: Sequence[Translation]
    far: Sequence[Translation]
    remote: Sequence[Prefix]
    table: int
    shared: bool

    @property
    def back(self) -> int:
        """The mark of packets that come in from the real addresses of the far side."""
        return self.table + 1000

    @property
    def _everything(self) -> str:
        return ", ".join(map(str, dict.fromkeys((*self.remote, *(t.real for t in self.far)))))

    def leaving(self) -> Iterator[str]:
        """Yield the rules that give sources their shown addresses."""
        there = f" ip daddr {{ {self._everything} }}" if self.shared else ""
        for item in self.own:
            yield f"oifname {self.interface} ip saddr {item.real}{there} {_source(item)}"
        yield from self.arriving()

    def arriving(self) -> Iterator[str]:
        """Yield the rules that give sources of the far side the addresses at which it is shown here."""
        for item in self.far:
            yield f"meta mark {self.back} ip saddr {item.real} {_source(item)}"

    def entering(self) -> Iterator[str]:
        """Yield the rules that turn shown addresses of this side back into the real ones."""
        here = f" ip saddr {{ {self._everything} }}" if self.shared else ""
        for item in self.own:
            if item.real.size == item.shown.size:
                yield f"iifname {self.interface}{here} {_destination(item)}"

    def towards_far(self) -> Iterator[str]:
        """Yield the rules that turn shown addresses of the far side into the real ones."""
        for item in self.far:
            if item.real.size == item.shown.size:
                yield f"meta mark {self.table} {_destination(item)}"

    def marks(self) -> str:
        """Return the rules that mark packets to and from the far side, for the tables of the link."""
        inward = "\n".join(
            f"iifname != {self.interface} ip daddr {item.shown} meta mark set {self.table}\n"
            f"iifname {self.interface} ip saddr {item.real} meta mark set {self.back}"
            for item in self.far
        )
        local = "\n".join(f"ip daddr {item.shown} meta mark set {self.table}" for item in self.far)
        # After the mark of policies, which does not depend on links.
        return (
            f"table ip lab-marks-{self.table} {{\nchain in {{\ntype filter hook prerouting priority -149;\n{inward}\n}}\n"
            f"chain out {{\ntype route hook output priority -150;\n{local}\n}}\n}}\n"
        )


def add_link_nat(draft: Draft, nat: LinkNat) -> None:
    """Add the NAT of a link to a device."""
    leaving, entering, towards = list(nat.leaving()), list(nat.entering()), list(nat.towards_far())
    text = nat_chain("postrouting", 92, *leaving) + nat_chain("prerouting", -105, *entering, *towards)
    if nat.far:
        text += nat.marks() + nat_chain("output", -105, *towards) + nat_chain("input", 92, *nat.arriving())
        rule = f"ip rule add priority 95 fwmark {nat.table} lookup {nat.table}"
        draft.late.append(Command(rule, None, "NAT of the link"))
        if nat.shared:
            # The reverse path filter looks for the real source, and only the table of the link has a route to it.
            valid = "echo 1 > /proc/sys/net/ipv4/conf/all/src_valid_mark"
            rule = f"ip rule add priority 96 fwmark {nat.back} lookup {nat.table}"
            draft.late.append(Command(f"{rule}\n{valid}", None, "NAT of the link"))
    if leaving or entering or towards:
        draft.rule(text.replace("table ip lab-nat", f"table ip lab-nat-{nat.table}"), "NAT of the link")


def nat_chain(hook: str, priority: int, *rules: str) -> str:
    """Return a chain of NAT rules in a table of its own, empty where there are no rules."""
    if not rules:
        return ""
    lines = "\n".join(rules)
    head = f"table ip lab-nat {{\nchain {hook}{abs(priority)} {{\ntype nat hook {hook} priority {priority};\n"
    return f"{head}{lines}\n}}\n}}\n"


def _source(item: Translation) -> str:
    if item.real.size != item.shown.size:
        return f"snat to {format_address(item.shown.version, item.shown.first)}"
    return f"snat ip prefix to ip saddr map {{ {item.real} : {item.shown} }}"


def _destination(item: Translation) -> str:
    return f"ip daddr {item.shown} dnat ip prefix to ip daddr map {{ {item.shown} : {item.real} }}"
