"""`python -m pulumi_tke_hybrid.cli` is `tke-hybrid`."""

from pulumi_tke_hybrid.cli import main

main()
