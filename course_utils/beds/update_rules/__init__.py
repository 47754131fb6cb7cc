"""What lesson 03 tries rules on: a ravine of two weights, a race in it, the digits, and the pictures of both."""
