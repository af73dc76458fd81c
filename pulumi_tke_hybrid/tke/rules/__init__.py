"""The rules that look at several inputs together, by subject. Those about one value are beside it: ids,
ranges, zones, names."""
