"""The Spatial-Temporal Transformer of MSTmaps and its objectives."""
