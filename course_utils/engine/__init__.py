"""What trains: layers, losses, the update, estimates of a gradient, structure. NumPy only. Read ``nn.py`` first."""
