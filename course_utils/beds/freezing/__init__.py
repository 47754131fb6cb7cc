"""What lesson 04 experiments on: a body that is held, and what trains around it."""
