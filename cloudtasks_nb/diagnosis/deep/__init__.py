"""What lies beyond Cloud Tasks: the target on Cloud Run, the accounts, the project (deep=True)."""
