"""A call of the model's, as the version of the API that is spoken has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model.json import Message, to_dict
from ..model.methods import METHODS, methods_of
from ..model.schema import camel, snake
from ..model.translation import differs, write
from ..model.versions import OWN, Version, check_carries, not_in, path_in
from .call import Call, writing

_MASK = "updateMask"


def call_in(
    version: Version,
    method_id: str,
    *,
    path: Mapping[str, str],
    query: Mapping[str, Any] | None = None,
    body: Any = None,
) -> Call:
    """The call, with its body and its field mask in the version's terms; its answer will be read as the model's.

    Errors: ConfigError for a method or a field that the version lacks, naming the versions that have it.
    """
    model, method = METHODS[method_id], methods_of(version).get(method_id)
    if method is None:
        raise not_in(version, f"{method_id.rpartition('.')[2]} ({method_id})", model.versions)
    if isinstance(body, Message):
        check_carries(body, version)
    query, kind = query or {}, None
    if version != OWN:
        if isinstance(body, Message) and differs(type(body), version):
            with writing(method_id, path):
                body = write(type(body), to_dict(body), version)
        if _MASK in query and model.request is not None:
            query = {**query, _MASK: mask_in(version, str(query[_MASK]), model.request)}
        kind = model.response if differs(model.response, version) else None
    return Call(method, path=path, query=query, body=body, kind=kind)


def mask_in(version: Version, mask: str, kind: type[Message]) -> str:
    """A field mask of the model in the version's terms, in camelCase. Errors: ConfigError."""
    paths = [tuple(snake(part) for part in path.split(".")) for path in mask.split(",") if path]
    found = [there for path in paths for there in path_in(path, version, kind)]
    return ",".join(dict.fromkeys(".".join(camel(part) for part in path) for path in found))
