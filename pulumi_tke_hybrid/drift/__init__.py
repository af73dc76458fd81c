"""`tke-hybrid drift`: compares every source of a cluster's pod network, and changes nothing."""
