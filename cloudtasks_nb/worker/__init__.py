"""Pull workers: lease, handle, acknowledge; leases renewed for as long as handlers run."""

from .options import WorkerOptions
from .tally import Tally
from .worker import Worker

__all__ = ["Tally", "Worker", "WorkerOptions"]
