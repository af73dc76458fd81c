"""Calls of the Tencent Cloud API that the Pulumi provider lacks. Nothing here imports pulumi."""
