"""Teaching a class with the course: the guide is README.md in this folder."""
