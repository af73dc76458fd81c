"""What users wait for, measured on the lab: run one with `python -m benchmarks.<name>`. Figures, never
tests."""
