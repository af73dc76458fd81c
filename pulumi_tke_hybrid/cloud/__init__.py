"""The few Tencent Cloud API calls that the Pulumi provider lacks. Imports no pulumi."""
