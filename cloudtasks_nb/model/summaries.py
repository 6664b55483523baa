"""A one-line summary of each REST method, by its id below "projects.locations."."""

from __future__ import annotations

SUMMARIES: dict[str, str] = {
    "list": "List the locations that can hold queues.",
    "get": "Read one location.",
    "getCmekConfig": "Read the key that encrypts the tasks of a location.",
    "updateCmekConfig": "Set the key that encrypts the tasks of a location; an empty key restores the default.",
    "operations.get": "Read the state of a long-running operation.",
    "queues.list": "List the queues of a location, in the order of their names.",
    "queues.get": "Read one queue; its statistics only if readMask names them.",
    "queues.create": "Create a queue. The name of a deleted queue cannot be used for days.",
    "queues.patch": "Update the fields of a queue that updateMask names; without a mask, all of them. "
    "Creates the queue if it does not exist.",
    "queues.delete": "Delete a queue and its tasks permanently.",
    "queues.pause": "Stop dispatching a queue's tasks; tasks can still be added.",
    "queues.resume": "Dispatch a paused or disabled queue's tasks again.",
    "queues.purge": "Delete all tasks of a queue permanently; this may take a minute.",
    "queues.getIamPolicy": "Read the IAM policy of a queue.",
    "queues.setIamPolicy": "Replace the IAM policy of a queue; the etag detects concurrent changes.",
    "queues.testIamPermissions": "Return which of these permissions the caller holds on a queue.",
    "queues.tasks.list": "List the tasks of a queue; payloads only with responseView=FULL.",
    "queues.tasks.get": "Read one task; its payload only with responseView=FULL.",
    "queues.tasks.create": "Add a task to a queue. A task name in the request makes it idempotent.",
    "queues.tasks.delete": "Delete a task permanently.",
    "queues.tasks.run": "Send a task now, even if its queue is paused.",
    "queues.tasks.lease": "Lease tasks of a pull queue: no other worker gets them until the lease ends.",
    "queues.tasks.acknowledge": "Confirm that a leased task is done, which deletes it.",
    "queues.tasks.renewLease": "Extend the lease of a task, counted from now.",
    "queues.tasks.cancelLease": "Return a leased task to the queue at once.",
    "queues.tasks.batchCreate": "Add up to 100 tasks; each succeeds or fails on its own.",
    "queues.tasks.batchDelete": "Delete up to 1,000 tasks; each succeeds or fails on its own.",
    "queues.tasks.buffer": "Add a task with only a body; the queue's http_target supplies the URL.",
    "api.queue.update": "Set the queues of a project from a queue.yaml.",
}
