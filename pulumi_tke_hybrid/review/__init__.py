"""`tke-hybrid review`: the effect of a Pulumi preview on the network, in one comment for a reviewer."""
