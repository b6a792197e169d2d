"""From pixels to traces: video frames, face detection, colours of six regions, the store."""
