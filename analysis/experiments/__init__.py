"""Experiments on signal and learning: fixed definitions, resumable runs, a record, pre-stated tests.

Definitions, statistics and verdicts need no torch; what measures imports it when it is asked to.
"""
