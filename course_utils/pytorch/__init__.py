"""Tools for your own PyTorch training. Nothing else in the package imports torch at its top."""
