"""Rules on several inputs together, by subject. Rules on one value stand beside the value: ids, ranges,
zones, names."""
