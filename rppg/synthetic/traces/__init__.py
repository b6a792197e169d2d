"""Simulated traces: MSTmaps and small crops without rendering a picture, for training at scale.

simulate      a block of clips: the config, maps, crops, waves, rates
write         clips as prepared recordings in a store: `rppg simulate`
scene         what is drawn: beats, people, motion, lamps
reflection    linear light of regions or cells; camera, timing and maps come after it

Nothing here knows how the synthetic benchmark moves, lights or compresses its faces; of its code,
only the colours of skin and of the pulse are used.
"""
