"""Builds one document about a plan for those who review and build it: a report as a value, and its two renderings.

`building` makes the value from the results of the commands, so that the report and the commands agree; `html` and
`markdown` render it. Knows nothing of files and streams.
"""
