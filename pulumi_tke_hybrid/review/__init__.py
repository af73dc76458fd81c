"""What a preview means for the network, in one comment that a reviewer can act on: plan, findings, comment,
gate."""
