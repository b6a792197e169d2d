"""Figures of the main pipeline; they draw arrays and tables and open no file."""
