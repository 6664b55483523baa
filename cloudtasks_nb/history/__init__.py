"""History of tasks and queues, from metrics, task logs and the audit log.

The Cloud Tasks API returns no finished tasks. Cloud Monitoring and Cloud Logging keep records of them.
"""
