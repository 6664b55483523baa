"""What happened to tasks that are gone: metrics, task logs and audit entries, read and told as one story.

The Cloud Tasks API forgets a task when it is finished. Cloud Monitoring and Cloud Logging do not.
"""
