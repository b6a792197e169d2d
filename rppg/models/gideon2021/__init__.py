"""Gideon & Stent 2021: net, saliency sampler and multi-view triplet objective."""
