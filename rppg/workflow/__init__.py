"""Profiles, the graph of stages, and how notebooks are run."""
