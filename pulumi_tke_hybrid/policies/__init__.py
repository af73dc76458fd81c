"""The CrossGuard policy pack: the rules of `tke-hybrid review` for programs with the vendor's raw resources.

`python -m pulumi_tke_hybrid.policies` prints the pack's folder, for `pulumi preview --policy-pack`. The extra
pulumi-policy is imported only when a pack is created.
"""

from pathlib import Path

FOLDER = Path(__file__).with_name("pack")
"""The argument of `--policy-pack`."""
