"""A plan and a NetBox: what the plan wants there, what is there, and the changes from the one to the other.

Pure functions on values; what asks a NetBox and what sends the changes is the command line's. Field names are those of
NetBox's REST API, 4.7.
"""
