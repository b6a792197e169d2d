"""Constants that several losses share."""

N_FFT = 5400  # points of padded spectra: a grid of 1/3 bpm at 30 fps
