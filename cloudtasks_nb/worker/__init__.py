"""Pull workers: lease, handle and acknowledge tasks; renew leases while handlers run."""

from .options import WorkerOptions
from .tally import Tally
from .worker import Worker

__all__ = ["Tally", "Worker", "WorkerOptions"]
