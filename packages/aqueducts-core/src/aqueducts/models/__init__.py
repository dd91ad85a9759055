"""The vocabulary of pipeline files: pydantic models without behaviour."""
