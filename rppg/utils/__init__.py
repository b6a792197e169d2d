"""Paths, atomic writes, seeds, worker processes: what every folder may use."""
