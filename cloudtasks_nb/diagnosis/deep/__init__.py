"""Data of other APIs for deep=True: the target on Cloud Run, the accounts, the project."""
