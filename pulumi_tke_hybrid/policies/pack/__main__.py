"""Started by Pulumi."""

from pulumi_tke_hybrid.policies.pack_of_rules import run

run()
