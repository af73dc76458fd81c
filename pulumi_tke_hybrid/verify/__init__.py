"""Which address a pod saw, and the verdict. Imports no pulumi; traffic, answers and verdict need the standard
library alone."""
