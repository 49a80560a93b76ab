"""ipplan plans the IP address space of a hybrid IBM Cloud landscape and proves that the plan holds.

The version is a constant, because looking it up in the installed metadata costs four times the
start of the interpreter.
"""

__version__ = "0.1.0"
