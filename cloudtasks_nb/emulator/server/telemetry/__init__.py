"""What happened, served as Cloud Monitoring and Cloud Logging serve it. Source: SPEC section 11."""
