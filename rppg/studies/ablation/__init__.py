"""The ablation grid: Tables 1 and 2 of Qian et al. 2024."""
