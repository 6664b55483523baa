"""What each REST method does, in one line, by its id below "projects.locations."."""

from __future__ import annotations

SUMMARIES: dict[str, str] = {
    "list": "List the locations that can hold queues.",
    "get": "Read one location.",
    "getCmekConfig": "Read which key encrypts the tasks of a location.",
    "updateCmekConfig": "Set the key that encrypts the tasks of a location; a blank key switches it off.",
    "operations.get": "Read how far a long-running operation is.",
    "queues.list": "List the queues of a location, in the order of their names.",
    "queues.get": "Read one queue; its statistics only when readMask names them.",
    "queues.create": "Create a queue. The name of a deleted queue stays blocked for days.",
    "queues.patch": "Change the fields of a queue that updateMask names; without a mask, all of them. "
    "A queue that is missing is created.",
    "queues.delete": "Delete a queue and its tasks, for good.",
    "queues.pause": "Stop dispatching a queue's tasks; tasks can still be added.",
    "queues.resume": "Dispatch a paused or disabled queue's tasks again.",
    "queues.purge": "Delete every task that a queue holds, for good; it may take a minute.",
    "queues.getIamPolicy": "Read who may do what with a queue.",
    "queues.setIamPolicy": "Replace who may do what with a queue; the etag guards against concurrent changes.",
    "queues.testIamPermissions": "Ask which of these permissions the caller holds on a queue.",
    "queues.tasks.list": "List the tasks of a queue; payloads only with responseView=FULL.",
    "queues.tasks.get": "Read one task; its payload only with responseView=FULL.",
    "queues.tasks.create": "Add a task to a queue. A name of one's own makes it safe to repeat.",
    "queues.tasks.delete": "Delete a task, for good.",
    "queues.tasks.run": "Send a task now, even when its queue is paused.",
    "queues.tasks.lease": "Lease tasks of a pull queue: nobody else gets them until the lease ends.",
    "queues.tasks.acknowledge": "Say that a leased task is done, which deletes it.",
    "queues.tasks.renewLease": "Hold a leased task for longer, from now on.",
    "queues.tasks.cancelLease": "Give a leased task back at once.",
    "queues.tasks.batchCreate": "Add up to 100 tasks; each succeeds or fails alone.",
    "queues.tasks.batchDelete": "Delete up to 1,000 tasks; each succeeds or fails alone.",
    "queues.tasks.buffer": "Add a task from its body alone, to a queue that knows where its tasks go.",
    "api.queue.update": "Set a project's queues from the text of a queue.yaml.",
}
