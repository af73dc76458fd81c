"""`python -m pulumi_tke_hybrid.policies`: where the pack is."""

from pulumi_tke_hybrid.policies import FOLDER

print(FOLDER)
