"""A Pulumi plan: its model, its readers, type names, and the rules on changes. Imports no pulumi."""
