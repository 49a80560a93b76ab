"""Trace traffic flows: packets through the devices of a landscape, there and back, with real addresses.

At each device only NAT and the longest prefix decide. A hop names the entry that decided, which exports write too. Must not
know outputs or place networks.

Source of the steps: IBM Cloud docs, vmware-solutions, "Integration, IP addressing, and network flows", 2018-11-20.
"""

from __future__ import annotations

from ipplan.flows.documented import find_flow, find_pair, name_of, trace_all, trace_flow
from ipplan.flows.lookups import Tracer
from ipplan.flows.machines import find_machine
from ipplan.flows.model import END_WORDS, FLOWS, FlowError, Machine, Missing, Trace
from ipplan.flows.tracing import trace

__all__ = [
    "END_WORDS",
    "FLOWS",
    "FlowError",
    "Machine",
    "Missing",
    "Trace",
    "Tracer",
    "find_flow",
    "find_machine",
    "find_pair",
    "name_of",
    "trace",
    "trace_all",
    "trace_flow",
]
