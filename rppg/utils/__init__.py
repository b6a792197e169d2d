"""Utilities for all folders: paths, atomic writes, seeds, worker processes, dict differences."""
