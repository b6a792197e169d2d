"""Metrics, leaderboard, ensembles and the submission file, from arrays and tables only.

A table of predictions has one row per recording and model: id, model, kind, split, hr_bpm, quality,
hr_true_bpm (NaN if unknown), origin ("real" or "synthetic").
"""
