"""What lesson 11 experiments on: a layer that should stay low-pass, and a hum that lures it away."""
