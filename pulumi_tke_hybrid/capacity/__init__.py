"""`tke-hybrid capacity`: how many nodes and pods fit in each zone, now and after a change; and proposals for
new subnets."""
