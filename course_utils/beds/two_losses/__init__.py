"""What lesson 12 experiments on: a layer that keeps variance, the head behind it, and a layer before."""
