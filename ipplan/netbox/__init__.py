"""A plan and a NetBox: the objects that the plan wants there, those that exist, and the changes between them.

Pure functions on values. `ipplan.cli` reads from NetBox and sends the changes. Field names are those of the REST API of
NetBox 4.7.
"""
