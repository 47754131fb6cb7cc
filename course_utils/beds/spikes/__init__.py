"""What lesson 10 experiments on: networks with steps inside."""
