"""PTR records against the standard library's own reverse names, and the domain that hosts and reverse-zones share."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipplan.catalog import load_catalog
from ipplan.exporters import ExportError, Options, Request
from ipplan.exporters.hosts import export_hosts
from ipplan.exporters.reverse_zones import export_reverse_zones
from ipplan.landscape import Landscape
from ipplan.plan.load import parse_plan
from ipplan.plan.names import LONGEST_DOMAIN, parse_domain

if TYPE_CHECKING:
    from conftest import Run

SAMPLES = Path(__file__).parent.parent.parent / "sample-plans"
HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+")


def request(text: str, domain: str | None = None) -> Request:
    plan = parse_plan(text.encode(), "plan.toml")
    return Request(Landscape(plan, load_catalog()), Options(domain=domain))


def read(text: str) -> list[tuple[str, str, str]]:
    """Return the origin, full owner name and target of each record."""
    origin = ""
    found = []
    for line in text.splitlines():
        content = line.partition(";")[0].rstrip()
        if content.startswith("$ORIGIN "):
            origin = content.split()[1]
        elif content:
            owner, class_, type_, target = content.split("\t")
            assert (class_, type_) == ("IN", "PTR")
            found.append((origin, f"{owner}.{origin}", target))
    return found


@pytest.mark.parametrize("sample", ["reference-architecture", "two-clusters", "ipv6"])
def test_every_named_address_has_its_record(run: Run, sample: str) -> None:
    plan = str(SAMPLES / f"{sample}.toml")
    done = run("export", plan, "reverse-zones")
    assert done.returncode == 0, done.stderr
    records = read(done.stdout.decode())
    known = {(owner, target) for _, owner, target in records}
    for line in run("export", plan, "hosts").stdout.decode().splitlines():
        if not line.startswith("#"):
            address, host = line.split("\t")
            assert (f"{ip_address(address).reverse_pointer}.", f"{host}.internal.") in known
    for origin, owner, target in records:
        assert owner.endswith(f".{origin}")
        assert HOST.fullmatch(target)
        if origin.endswith(".in-addr.arpa."):
            assert origin.count(".") == 5, "a /24 has three octets before in-addr.arpa"
    assert len(records) == len(set(records))


def test_a_gateway_that_only_the_tool_assumes_is_an_example() -> None:
    text = export_reverse_zones(
        request(
            '[networks.a]\nkind = "vcs-vm"\ncidr = "172.24.0.0/24"\n'
            '[networks.b]\nkind = "vcs-vm"\ncidr = "172.24.1.0/24"\naddresses = { gateway = -1 }\n'
            '[networks.c]\nkind = "vcs-esg-private"\ncidr = "10.176.18.192/27"\n'
            '[networks.d]\nkind = "enterprise"\ncidr = "192.168.4.0/24"\n'
        )
    )
    lines = [line for line in text.splitlines() if "\tPTR\t" in line]
    assert lines == [
        "193\tIN\tPTR\tgateway.c.internal.",
        "1\tIN\tPTR\tgateway.a.internal.  ; example: the plan names no gateway",
        "254\tIN\tPTR\tgateway.b.internal.",
    ]


@pytest.mark.parametrize(
    ("cidr", "length"),
    [
        ("172.24.0.0/16", 24),
        ("172.24.3.128/25", 24),
        ("172.24.3.4/32", 24),
        ("fd00:1::/48", 48),
        ("fd00:1:2:8::/61", 60),
        ("fd00:1::/127", 124),
        ("fd00:1::/128", 124),
        ("fd00:1::/112", 112),
    ],
)
def test_zones_end_at_an_octet_or_a_nibble(cidr: str, length: int) -> None:
    block = ip_network(cidr)
    address = block[-1] if block.num_addresses == 1 else block[1]
    plan = f'[networks.a]\nkind = "vcs-vm"\ncidr = "{cidr}"\naddresses = {{ x = "{address}" }}\n'
    origin, owner, target = next(
        r for r in read(export_reverse_zones(request(plan, "example.com"))) if r[2].startswith("x.")
    )
    assert (owner, target) == (f"{address.reverse_pointer}.", "x.a.example.com.")
    labels = origin.removesuffix("in-addr.arpa.").removesuffix("ip6.arpa.").rstrip(".").split(".")
    assert len(labels) * (8 if block.version == 4 else 4) == length


@given(st.integers(0, 2**128 - 1), st.integers(8, 128))
def test_reverse_names_are_those_of_the_standard_library(value: int, length: int) -> None:
    # fd00::/8, because a small number means an IPv4 address to the standard library.
    value = value >> 8 | 0xFD << 120
    block = ip_network((value >> 128 - length << 128 - length, length))
    plan = f'[networks.a]\nkind = "vcs-vm"\ncidr = "{block}"\naddresses = {{ x = "{block[0]}" }}\n'
    records = read(export_reverse_zones(request(plan)))
    assert f"{block[0].reverse_pointer}." in {owner for _, owner, _ in records}


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: text not in ("y", "gateway")),
    st.text(max_size=80),
)
def test_names_can_neither_end_a_record_nor_leave_their_domain(name: str, network: str) -> None:
    def key(text: str) -> str:
        return '"' + "".join(f"\\U{ord(c):08x}" for c in text) + '"'

    plan = f'[plan]\nname = {key(name)}\n[networks.{key("n" + network)}]\nkind = "vcs-vm"\ncidr = "172.24.0.0/24"\n'
    plan += f"addresses = {{ {key(name)} = 5, y = 5 }}\n"
    made = request(plan, "example.com")
    records = read(export_reverse_zones(made))
    assert {owner for _, owner, _ in records} == {"5.0.24.172.in-addr.arpa.", "1.0.24.172.in-addr.arpa."}
    assert all(HOST.fullmatch(t) and t.endswith(".example.com.") and len(t) <= 254 for _, _, t in records)
    lines = [line for line in export_hosts(made).splitlines() if not line.startswith("#")]
    assert [line.split()[0] for line in lines] == ["172.24.0.5", "172.24.0.5"]


def test_hosts_gets_the_domain_as_an_alias(run: Run) -> None:
    done = run("export", str(SAMPLES / "reference-architecture.toml"), "hosts", "--domain", "Dal10.Example.COM.")
    assert b"172.24.18.10\tmaster-vip.icp-workers\tmaster-vip.icp-workers.dal10.example.com\n" in done.stdout


def test_a_plan_without_names_and_gateways_is_reported() -> None:
    with pytest.raises(ExportError, match="names an address"):
        export_reverse_zones(request("schema = 1\n"))


@pytest.mark.parametrize(
    "text", ["a", "example.com", "EXAMPLE.com.", "xn--bcher-kva.example", "1a.2b", "x" * 63 + "." + "y" * 61]
)
def test_domains_that_are_taken(text: str) -> None:
    assert parse_domain(text) == text.lower().rstrip(".")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a..b",
        ".a",
        "a..",
        "-a.b",
        "a-.b",
        "a_b.c",
        "a b",
        "a\nb",
        "a\n",
        "b\u00fccher.example",
        "10.1.2.3",
        "a/24",
        "x" * 64,
        "$(rm)",
        'a"b',
        ".".join(["x" * 60] * 3),
        "a" * (LONGEST_DOMAIN + 1),
    ],
)
def test_domains_that_are_refused(run: Run, text: str) -> None:
    with pytest.raises(ValueError, match="it"):
        parse_domain(text)
    done = run("export", str(SAMPLES / "ipv6.toml"), "hosts", f"--domain={text}")
    assert (done.returncode, done.stdout) == (2, b"")
    assert "is not a valid DNS domain: it" in done.stderr.decode()
