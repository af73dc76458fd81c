"""Puts a review's comment on its pull request: one comment, found again in every run, on GitHub or GitLab."""
