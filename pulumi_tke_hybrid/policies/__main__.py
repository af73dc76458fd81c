"""Prints the folder of the pack: `python -m pulumi_tke_hybrid.policies`."""

from pulumi_tke_hybrid.policies import FOLDER

print(FOLDER)
