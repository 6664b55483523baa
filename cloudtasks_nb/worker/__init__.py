"""Pull workers: lease, handle, acknowledge; leases renewed for as long as handlers run."""

from .loop import Worker
from .options import WorkerOptions
from .tally import Tally

__all__ = ["Tally", "Worker", "WorkerOptions"]
