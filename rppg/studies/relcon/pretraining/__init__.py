"""Pre-training of IMU encoders: RelCon and its baselines."""
