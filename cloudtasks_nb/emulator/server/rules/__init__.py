"""Which defaults, limits, names, pages and backoff does the service apply? Pure: time is an argument."""
