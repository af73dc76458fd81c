"""Common parts of all components: inputs, argument classes, errors, resource options, dynamic providers."""
