"""The rules that block a dangerous change, as a CrossGuard policy pack for programs that use the vendor's raw
resources.

`python -m pulumi_tke_hybrid.policies` prints the pack's folder, for `pulumi preview --policy-pack`. Nothing
here imports pulumi-policy,
an extra, until a pack is made.
"""

from pathlib import Path

FOLDER = Path(__file__).with_name("pack")
"""What `--policy-pack` takes."""
