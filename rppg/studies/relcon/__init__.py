"""RelCon: self-supervised learning from a wrist IMU's accelerometer (Xu et al., ICLR 2025).

data          recordings, readers of datasets, windows and their store
simulator     simulated wrist accelerometers
models        the learned distance and the encoder
pretraining   objectives of RelCon and its baselines
probing       linear probes, supervised training, distance evaluation
results       tables and figures
"""
