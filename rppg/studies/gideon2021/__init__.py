"""The studies of Gideon & Stent, ICCV 2021."""
