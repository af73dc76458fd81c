"""Whole programs and whole commands in one process: reported cases, wrong programs, recorded previews, and
generated clusters and types."""
