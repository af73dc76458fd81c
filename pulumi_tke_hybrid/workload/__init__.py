"""What a workload is made of: the arguments that describe it and the Kubernetes objects that come of them."""
