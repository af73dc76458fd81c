"""The parts of `ClientIpWorkload`: its arguments, their checks, and its Kubernetes objects."""
