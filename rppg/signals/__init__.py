"""From BVP to HR: spectra, HR estimation, and the seven classical methods.

Imports no other folder.  Waves are (..., T): T frames at `fps` frames per second.
"""
