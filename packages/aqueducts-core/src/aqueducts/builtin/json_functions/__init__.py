"""Functions that read JSON text in queries, and the operators `->` and `->>`."""
