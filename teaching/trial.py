"""Says that the sandbox works, from inside it."""

print("works")
