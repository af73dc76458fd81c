"""Durations and losses that users notice, measured on the lab: `python -m benchmarks.<name>`. No tests."""
