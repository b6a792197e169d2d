"""Figures of the main pipeline, from arrays and tables; nothing here opens a file."""
