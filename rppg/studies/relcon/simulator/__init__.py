"""Simulated wrist accelerometers with known activities."""
