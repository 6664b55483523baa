"""Serves the history of tasks through the APIs of Cloud Monitoring and Cloud Logging. Source: SPEC section 11."""
