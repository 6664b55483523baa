"""What the service decides: defaults, limits, names, paging, backoff. Pure: time is an argument."""
