"""Diagnosis of a queue, forecast of its backlog, and the tasks that are at risk."""
