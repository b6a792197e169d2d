"""What is learned, and how predictions are made of it.  Knows recordings and signals."""
