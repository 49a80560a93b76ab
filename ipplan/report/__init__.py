"""One document on a plan for those who review and build it: a report as a value, and its two renderings.

`building` makes the value from what the commands say, so that the report says nothing of its own; `html` and `markdown`
write it. Knows nothing of files and streams.
"""
