"""Models: a config and a module each; they know neither losses nor data."""
