"""Cases of every op with PyTorch's results and gradients in float64, by family; see ../generate_golden_ops.py."""
