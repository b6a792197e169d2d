"""Contrast-Phys+: PhysNet and the contrast of power spectra."""
