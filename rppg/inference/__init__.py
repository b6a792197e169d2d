"""Heart rates from trained models and classical methods."""
