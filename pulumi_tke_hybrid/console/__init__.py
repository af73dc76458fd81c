"""What all commands share: text made fit for a terminal and for Markdown, and where reports go."""
