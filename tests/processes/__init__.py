"""Tests that start programs: Python itself, a shell, or one that stands for kubectl or the Pulumi CLI. Unit
tests start none."""
