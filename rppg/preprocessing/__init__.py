"""Pixels to traces: video frames, a face in them, the colour of its six regions, the store."""
