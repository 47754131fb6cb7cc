"""What maintainers make the course with; learners do not install it."""
