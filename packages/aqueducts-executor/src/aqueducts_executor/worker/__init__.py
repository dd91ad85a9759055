"""The process of a run: how it is begun, spoken to, watched and ended."""
