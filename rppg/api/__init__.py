"""The Python API: what `import rppg` offers, a file per question; rppg/__init__.py lists it."""
