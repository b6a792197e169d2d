"""Waves to heart rate: spectra, the read-out, and the seven classical methods.

Knows no other room.  Waves are (..., T): T frames at `fps` frames a second.
"""
