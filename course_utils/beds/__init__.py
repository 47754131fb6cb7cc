"""What lessons experiment on: data, trained models, unknown tails. One room for a lesson or a theme."""
