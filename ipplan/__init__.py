"""ipplan plans the IP address space of a hybrid IBM Cloud landscape and proves that the plan holds.

From Python, `load_plan`, `check`, `allocate`, `trace` and `export` do what the commands do; `ipplan.api` documents
them. They load when they are first used, because the command line must start without them.
"""

TYPE_CHECKING = False

if TYPE_CHECKING:
    from ipplan.api import (
        Address,
        AddressError,
        Allocation,
        ExportError,
        Finding,
        FlowError,
        Missing,
        Network,
        Plan,
        PlanError,
        Prefix,
        Range,
        Report,
        Trace,
        UnknownPoolError,
        allocate,
        check,
        export,
        load_plan,
        parse_plan,
        pin,
        ranges_of,
        trace,
        trace_flows,
    )

__version__ = "0.1.0"
"""A constant, because looking the version up in the installed metadata takes four times the start of Python."""

__all__ = [
    "Address",
    "AddressError",
    "Allocation",
    "ExportError",
    "Finding",
    "FlowError",
    "Missing",
    "Network",
    "Plan",
    "PlanError",
    "Prefix",
    "Range",
    "Report",
    "Trace",
    "UnknownPoolError",
    "__version__",
    "allocate",
    "check",
    "export",
    "load_plan",
    "parse_plan",
    "pin",
    "ranges_of",
    "trace",
    "trace_flows",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module("ipplan.api"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
