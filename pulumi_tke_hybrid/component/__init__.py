"""What all components share: inputs that may be Outputs, argument classes, errors, child options."""
