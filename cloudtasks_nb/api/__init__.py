"""client.api: every REST method under the API's own name; dicts in, dicts out."""

from .tree import Api, ApiMethod, ListMethod, Namespace

__all__ = ["Api", "ApiMethod", "ListMethod", "Namespace"]
