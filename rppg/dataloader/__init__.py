"""Clips for training: drawing, batching, augmentation, normalisation."""
