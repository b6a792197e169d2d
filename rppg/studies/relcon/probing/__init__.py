"""What frozen encoders are worth: linear probes, distance evaluation, supervised training."""
