"""Tests that start programs: Python, a shell, or a script in place of kubectl or the Pulumi CLI. Unit
tests start no program."""
