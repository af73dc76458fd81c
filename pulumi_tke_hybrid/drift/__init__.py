"""Who says what about a cluster's pod network, side by side, and what does not agree. Reads only."""
