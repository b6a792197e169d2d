"""RelCon's encoder and distance."""
