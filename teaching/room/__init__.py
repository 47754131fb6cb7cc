"""A room of learners on one machine: JupyterHub set up for the course, and a load test of it."""
