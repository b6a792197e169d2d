"""From BVP to HR: spectra, HR estimation, and the eight classical methods.

Imports no other folder.  Waves are (..., T): T frames at `fps` frames per second.
"""
