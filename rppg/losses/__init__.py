"""Losses: pure functions of waves or spectra; a spectrum comes with its frequency axis."""
