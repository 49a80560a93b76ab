"""The JSON Schemas against what they describe: the documents that the commands print, and the plans they read."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from ipplan.catalog import KEEP_CLEAR
from ipplan.flows.model import Action, Domain, EndWord, Result
from ipplan.plan.kinds import KINDS
from ipplan.plan.load import PlanError, parse_plan
from ipplan.plan.methods import TRANSLATING, Method
from tools.build_schema import build

ROOT = Path(__file__).parent.parent
SCHEMAS: dict[str, dict[str, Any]] = {
    file.stem: json.loads(file.read_text(encoding="utf-8"))
    for file in sorted((ROOT / "ipplan" / "schemas").glob("*.json"))
}
SAMPLES = sorted((ROOT / "sample-plans").glob("*.toml"))
PAGE = ROOT / "tests" / "importers" / "pages" / "ips-2025-10-03.md"
VERSIONS = {"flows": 2, "topology": 2}
"""The documents whose shape has changed since the first version."""
VALIDATORS = {name: Draft202012Validator(schema, format_checker=FormatChecker()) for name, schema in SCHEMAS.items()}


def plain(value: Any) -> Any:
    """Return a TOML value as JSON has it, dates and times as text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, (datetime.date, datetime.time)) else value


def run(*args: str, stdin: str = "") -> Any:
    """Run ipplan and return the document that it prints."""
    result = subprocess.run(
        [sys.executable, "-m", "ipplan", *args],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT / "sample-plans",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert result.returncode in (0, 1, 2), result.stderr
    return json.loads(result.stdout)


def objects(schema: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Return every part of a schema that describes an object, with its path."""
    found = []
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            found.append((path, schema))
        for key, value in schema.items():
            found += objects(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            found += objects(value, f"{path}/{index}")
    return found


# -- the schemas themselves


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_valid_and_names_itself(name: str) -> None:
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:ipplan:{name}:{VERSIONS.get(name, 1)}"
    assert schema["title"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_objects_have_no_further_keys_and_documents_leave_none_out(name: str) -> None:
    for path, part in objects(SCHEMAS[name]):
        if "properties" in part:
            assert part["additionalProperties"] is False, path
            if name != "plan":
                assert part["required"] == list(part["properties"]), path
        else:  # names that the user or the catalogue chooses
            assert isinstance(part["additionalProperties"], dict), path


def test_what_schemas_share_is_the_same_in_all() -> None:
    for shared in ("source", "location", "finding", "made_by"):
        versions = [schema["$defs"][shared] for schema in SCHEMAS.values() if shared in schema["$defs"]]
        assert len(versions) > 1
        assert all(version == versions[0] for version in versions), shared


def test_the_plan_schema_and_the_kinds_and_platforms_in_the_others_are_generated() -> None:
    files = build()
    names = ("plan", "allocation", "free", "ranges", "show", "topology", "why")
    assert set(files) == {f"{name}.json" for name in names}
    assert {name: json.loads(text) for name, text in files.items()} == {name: SCHEMAS[name[:-5]] for name in files}


@pytest.mark.parametrize("name", [name for name in SCHEMAS if name != "plan"])
def test_a_schema_lists_kinds_only_where_the_generator_writes_them(name: str) -> None:
    generated = SCHEMAS[name]["$defs"].get("kind", {})
    assert json.dumps(SCHEMAS[name]).count('"vcs-vtep"') == json.dumps(generated).count('"vcs-vtep"')
    assert (f'"{KEEP_CLEAR[-1]}"' in json.dumps(SCHEMAS[name])) == (name == "ranges")


def test_the_plan_schema_knows_what_has_no_effect() -> None:
    network, link = (SCHEMAS["plan"]["$defs"][name] for name in ("network", "link"))
    without = {
        key: set(rule["if"]["properties"][word]["enum"])
        for part, word in ((network, "kind"), (link, "method"))
        for rule in part["allOf"]
        if "if" in rule
        for key, value in rule["then"].get("properties", {}).items()
        if value is False
    }
    assert without == {
        "pool": {k.name for k in KINDS.values() if k.provider in ("ibm", "enterprise")},
        "site": {k.name for k in KINDS.values() if k.provider != "enterprise"},
        "gateway-on": {k.name for k in KINDS.values() if k.router is None},
        "networks": {"none"},
        "nat": {*get_args(Method)} - TRANSLATING,
    }


def test_the_schema_of_flows_lists_what_the_program_knows() -> None:
    flows = SCHEMAS["flows"]["$defs"]
    assert tuple(flows["end_word"]["enum"]) == get_args(EndWord)
    assert tuple(flows["flow"]["properties"]["result"]["enum"]) == get_args(Result)
    assert tuple(flows["hop"]["properties"]["action"]["enum"]) == get_args(Action)
    assert tuple(flows["end"]["properties"]["domain"]["enum"]) == get_args(Domain)


# -- the documents


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize(("command", "name"), [("check", "check"), ("allocate", "allocation")])
def test_documents_about_samples(sample: Path, command: str, name: str) -> None:
    document = run(command, sample.name, "--json")
    VALIDATORS[name].validate(document)
    assert document["schema"] == f"ipplan.{name}/{VERSIONS.get(name, 1)}"
    assert list(document)[1] == "made_by"


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("check-list", ["check", "ipv6.toml", "conflicts.toml", "--separate"]),
        ("check-together", ["check", "ipv6.toml", "conflicts.toml", "two-clusters.toml"]),
        ("check-matrix", ["check", "ipv6.toml", "conflicts.toml", "two-clusters.toml", "--matrix"]),
        ("error", ["check", "no-such-plan.toml"]),
        ("error", ["check", "ipv6.toml", "no-such-plan.toml", "nor-this.toml"]),
        ("error", ["allocate", "-"]),
        ("allocation", ["allocate", "--byoip", "10.50.0.0/12"]),
        ("allocation", ["allocate", "--byoip", "192.168.0.0/24"]),
        ("lookup", ["lookup", "10.176.1.1", "172.16.0.0/12", "fe80::1", "8.8.8.8"]),
        ("lookup", ["lookup", "10.224.24.0/24", "--plan", "conflicts.toml"]),
        ("show", ["show", "two-clusters.toml"]),
        ("show", ["show", "reference-architecture.toml", "--map", "--allocated"]),
        ("show", ["show", "conflicts.toml", "--map", "--network", "vm-large"]),
        ("show", ["show", "ipv6.toml", "--map", "--kind", "icp-worker"]),
        ("free", ["free", "conflicts.toml"]),
        ("free", ["free", "ipv6.toml", "--prefix", "112"]),
        ("free", ["free", "conflicts.toml", "--after-allocation"]),
        ("free", ["free", "--byoip", "10.0.0.0/14", "--after-allocation"]),
        ("free", ["free", "--byoip", "10.0.0.0/8", "--data-center", "fra02", "--prefix", "12"]),
        ("free", ["free", "conflicts.toml", "--avoid", "10.224.0.0/24", "--prefix", "24", "--limit", "300"]),
        ("topology", ["topology", "reference-architecture.toml"]),
        ("topology", ["topology", "two-clusters.toml"]),
        ("topology", ["topology", "conflicts.toml"]),
        ("flows", ["flows", "reference-architecture.toml"]),
        ("flows", ["flows", "ipv6.toml"]),
        ("flows", ["flows", "two-clusters.toml"]),
        ("flows", ["flows", "two-clusters.toml", "E"]),
        ("flows", ["flows", "conflicts.toml"]),
        ("flows", ["flows", "reference-architecture.toml", "--from", "internet", "--to", "management"]),
        ("rules", ["rules"]),
        ("rules", ["rules", "network-overlap"]),
        ("diff", ["diff", "two-clusters.toml", "reference-architecture.toml"]),
        ("diff", ["diff", "reference-architecture.toml", "conflicts.toml", "--allocated"]),
        ("ranges", ["ranges"]),
        ("ranges", ["ranges", "--ranges-edition", "2018-11-30"]),
        ("ranges", ["ranges", "--data-center", "dal10"]),
        ("ranges", ["ranges", "--ranges", str(PAGE)]),
        ("ranges-diff", ["ranges", "diff", "2018-11-30", "2025-10-03"]),
        ("ranges-diff", ["ranges", "diff", "2025-10-03", str(PAGE), "--plan", "conflicts.toml"]),
        ("ranges-diff", ["ranges", "diff", "2025-10-03", "2018-11-30", "--plan", "conflicts.toml"]),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_documents_of_every_kind(name: str, args: list[str]) -> None:
    document = run(*args, "--json", stdin="[networks.x]\nkind = 'vcs'\ncidr = '10/8'\n")
    VALIDATORS[name].validate(document)
    assert document["schema"] == f"ipplan.{name}/{VERSIONS.get(name, 1)}"


# -- the plan


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_samples_are_plans(sample: Path) -> None:
    VALIDATORS["plan"].validate(plain(tomli.loads(sample.read_text(encoding="utf-8"))))


def test_every_key_of_a_plan_is_known() -> None:
    VALIDATORS["plan"].validate(plain(tomli.loads(EVERYTHING)))
    parse_plan(EVERYTHING.encode(), "plan.toml")


EVERYTHING = """
schema = 1
[plan]
name = "n"
description = "d"
data-centers = ["dal10"]
ranges-edition = "2025-10-03"
byoip = ["10.50.0.0/12", "FD00:1::/48"]
owned-public = ["8.8.8.0/24"]
[integration]
icp-vcs = "nat"
iks-vcs = "bgp"
iks-icp = "none"
enterprise = "routed"
[clusters.a]
platform = "iks"
workers = 1
pods-per-worker = 2
services = 3
data-center = "dal10"
[clusters.b]
platform = "icp"
edge = "e"
[edges.e]
data-center = "dal10"
internet = "snat"
[sites.s]
[[link]]
between = ["a", "e"]
method = "strongswan"
networks = ["o"]
nat = [{ network = "o", as = "10.62.0.0/16" }]
[[link]]
between = ["s", "e"]
method = "l2-extension"
[[avoid]]
cidr = "10.60.0.0/16"
reason = "r"
[[waive]]
rule = "network-overlap"
networks = ["n"]
reason = "r"
owner = "o"
until = 2027-03-31
[networks.n]
kind = "vcs-vm"
hosts = 60
grow-to = 22
group = "g"
pool = "10.48.0.0/12"
description = "d"
addresses = { gateway = 1, last = -1, vip = "10.48.0.9" }
[networks.o]
kind = "iks-pod"
cluster = "a"
cidr = "172.30.0.0/16"
[networks.p]
kind = "vcs-vm"
prefix = 24
edge = "e"
gateway-on = "dlr"
data-center = "dal10"
[networks.q]
kind = "enterprise"
cidr = "192.168.0.0/24"
site = "s"
"""

LINK = "[edges.e]\n[edges.f]\n[edges.g]\n[[link]]\n"

BROKEN = {
    "unknown table": "[network.x]\nkind = 'vcs-vm'",
    "unknown key in plan": "[plan]\ndata-center = ['dal10']",
    "unknown key in network": "[networks.x]\nkind = 'vcs-vm'\ncdir = '10.0.0.0/24'",
    "unknown key in cluster": "[clusters.x]\nplatform = 'iks'\nnodes = 3",
    "unknown integration": "[integration]\nvcs-iks = 'bgp'",
    "schema of the future": "schema = 2",
    "schema as text": "schema = '1'",
    "data center in capitals": "[plan]\ndata-centers = ['DAL10']",
    "data center alone": "[plan]\ndata-centers = 'dal10'",
    "unknown edition": "[plan]\nranges-edition = '2020-01-01'",
    "pool as a number": "[plan]\nbyoip = [10]",
    "pool without length": "[plan]\nbyoip = ['10.0.0.0']",
    "pool with netmask": "[plan]\nbyoip = ['10.0.0.0/255.0.0.0']",
    "owned space as a table": "[plan.owned-public]\na = '8.8.8.0/24'",
    "wrong method": "[integration]\nicp-vcs = 'bgp'",
    "unknown kind": "[networks.x]\nkind = 'vcs'",
    "no kind": "[networks.x]\ncidr = '10.0.0.0/24'",
    "network as text": "[networks]\nx = '10.0.0.0/24'",
    "network without a name": "[networks.'']\nkind = 'vcs-vm'",
    "cidr as a number": "[networks.x]\nkind = 'vcs-vm'\ncidr = 10.1",
    "cidr with a space": "[networks.x]\nkind = 'vcs-vm'\ncidr = '10.0.0.0/24 '",
    "cidr and prefix": "[networks.x]\nkind = 'vcs-vm'\ncidr = '10.0.0.0/24'\nprefix = 24",
    "cidr and hosts": "[networks.x]\nkind = 'vcs-vm'\ncidr = '10.0.0.0/24'\nhosts = 24",
    "prefix and hosts": "[networks.x]\nkind = 'vcs-vm'\nprefix = 24\nhosts = 24",
    "prefix as text": "[networks.x]\nkind = 'vcs-vm'\nprefix = '/24'",
    "prefix beyond 128": "[networks.x]\nkind = 'vcs-vm'\nprefix = 129",
    "no hosts": "[networks.x]\nkind = 'vcs-vm'\nhosts = 0",
    "hosts as a boolean": "[networks.x]\nkind = 'vcs-vm'\nhosts = true",
    "half a host": "[networks.x]\nkind = 'vcs-vm'\nhosts = 0.5",
    "grow-to below zero": "[networks.x]\nkind = 'vcs-vm'\ngrow-to = -1",
    "enterprise without cidr": "[networks.x]\nkind = 'enterprise'",
    "pool of a portable subnet": "[plan]\nbyoip = ['10.0.0.0/8']\n[networks.x]\nkind = 'vcs-vtep'\npool = '10.0.0.0/8'",
    "address number zero": "[networks.x]\nkind = 'vcs-vm'\naddresses = { gateway = 0 }",
    "address with length": "[networks.x]\nkind = 'vcs-vm'\naddresses = { gateway = '10.0.0.1/24' }",
    "address as a date": "[networks.x]\nkind = 'vcs-vm'\naddresses = { gateway = 2027-01-01 }",
    "cluster without platform": "[clusters.x]\nworkers = 3",
    "unknown platform": "[clusters.x]\nplatform = 'roks'",
    "no workers": "[clusters.x]\nplatform = 'iks'\nworkers = 0",
    "avoid without cidr": "[[avoid]]\nreason = 'r'",
    "avoid as one table": "[avoid]\ncidr = '10.0.0.0/24'",
    "waiver without reason": "[[waive]]\nrule = 'network-overlap'",
    "waiver without rule": "[[waive]]\nreason = 'r'",
    "waiver until noon": "[[waive]]\nrule = 'r'\nreason = 'r'\nuntil = 2027-03-31T12:00:00",
    "edge without a name": "[edges.'']",
    "unknown key in edge": "[edges.x]\nasn = 1",
    "unknown way to the internet": "[edges.x]\ninternet = 'dnat'",
    "edge in a data center that is none": "[edges.x]\ndata-center = 'Dallas'",
    "cluster in a data center that is none": "[clusters.x]\nplatform = 'iks'\ndata-center = 10",
    "unknown key in site": "[sites.x]\ncity = 'Berlin'",
    "sites as a list": "sites = ['x']",
    "link as one table": "[link]\nbetween = ['a', 'b']",
    "link of three ends": f"{LINK}between = ['e', 'f', 'g']\nmethod = 'ipsec'",
    "link with itself": f"{LINK}between = ['e', 'e']\nmethod = 'ipsec'",
    "link without ends": f"{LINK}method = 'ipsec'",
    "link without method": f"{LINK}between = ['e', 'f']",
    "link by an unknown method": f"{LINK}between = ['e', 'f']\nmethod = 'vxlan'",
    "link that is none and carries": f"{LINK}between = ['e', 'f']\nmethod = 'none'\nnetworks = []",
    "nat that does not translate": f"{LINK}between = ['e', 'f']\nmethod = 'routed'\nnat = [{{network = 'x'}}]",
    "nat by a method that cannot": f"{LINK}between = ['e', 'f']\nmethod = 'none'\nnat = []",
    "site of a VM network": "[networks.x]\nkind = 'vcs-vm'\nsite = 'enterprise'",
    "gateway of an ESG network": "[networks.x]\nkind = 'vcs-esg-private'\ngateway-on = 'esg'",
    "gateway on an unknown router": "[networks.x]\nkind = 'vcs-vm'\ngateway-on = 'bcr'",
    "waiver until a number": "[[waive]]\nrule = 'r'\nreason = 'r'\nuntil = 2027",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_broken_plans_are_refused_by_schema_and_loader(text: str) -> None:
    assert not VALIDATORS["plan"].is_valid(plain(tomli.loads(text)))
    with pytest.raises(PlanError):
        parse_plan(text.encode(), "plan.toml")


def inline(value: Any) -> str:
    """Return a value as inline TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return value.isoformat() if isinstance(value, datetime.date) else json.dumps(value)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in items for found in [(*path, key), *places(item, (*path, key))]]


WORDS = st.sampled_from(
    [
        "",
        "x",
        "name",
        "cidr",
        "iks",
        "icp",
        "nat",
        "dal10",
        "10.0.0.0/8",
        "10.0.0.1/8",
        "fd00::/48",
        "10.0.0.1",
        *KINDS,
    ]
)
VALUES = st.one_of(
    WORDS,
    st.booleans(),
    st.integers(-2, 200),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(-9, 9),
    st.dates(),
    st.lists(WORDS, max_size=2),
    st.dictionaries(WORDS, WORDS, max_size=2),
)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_what_the_schema_refuses_the_loader_refuses(data: st.DataObject) -> None:
    document: Any = tomli.loads(EVERYTHING)
    for _ in range(data.draw(st.integers(1, 2))):
        *way, last = data.draw(st.sampled_from(places(document)))
        parent = document
        for step in way:
            parent = parent[step]
        action = data.draw(st.sampled_from(["change", "remove", "add"]))
        if action == "change" or isinstance(parent, list):
            parent[last] = data.draw(VALUES)
        elif action == "remove":
            del parent[last]
        else:
            parent[data.draw(WORDS)] = data.draw(VALUES)
    text = "".join(f"{json.dumps(key)} = {inline(value)}\n" for key, value in document.items())
    assert tomli.loads(text) == document
    if not VALIDATORS["plan"].is_valid(plain(document)):
        with pytest.raises(PlanError):
            parse_plan(text.encode(), "plan.toml")
