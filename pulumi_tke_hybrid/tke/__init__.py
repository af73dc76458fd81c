"""What TKE is: annotation keys, zones, address arithmetic and the rules. Pure Python; imports neither pulumi
nor a cloud SDK."""
