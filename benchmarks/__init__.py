"""How fast ipplan is, as ratios of runs that were interleaved on one machine: `python -m benchmarks`.

Absolute times are printed for orientation only. Nothing here is a test.
"""
