"""What the end of an attempt means, and what helps: one row for each sign. Pure."""

from __future__ import annotations

from typing import NamedTuple

from .attempts import Cause

PITFALLS = "https://docs.cloud.google.com/tasks/docs/common-pitfalls"
HTTP_TARGETS = "https://docs.cloud.google.com/tasks/docs/creating-http-target-tasks"
RUN_AUTH = "https://docs.cloud.google.com/run/docs/authenticating/service-to-service"
RUN_INGRESS = "https://docs.cloud.google.com/run/docs/securing/ingress"
HTTP_REQUEST = "https://docs.cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks"


class Meaning(NamedTuple):
    """Why attempts end like that. `cure` is a line of code, where "{host}" stands for the target."""

    words: str
    cure: str
    source: str


_REDIRECT = Meaning(
    "A redirect counts as a failure: Cloud Tasks does not follow it. The URL is not the final one; http:// "
    "instead of https://, or a slash at the end that is missing, are common",
    'queue.update(http_target={{"uri_override": {{"scheme": "HTTPS"}}}})',
    HTTP_REQUEST,
)
_REFUSED_BODY = Meaning(
    "The handler refuses the request itself. Look at its headers and body: without a Content-Type header it is "
    "application/octet-stream, and base64 may have been applied twice",
    'queue.tasks(view="FULL").first(1)[0]',
    HTTP_TARGETS,
)
_CRASH = Meaning(
    "The handler raised, or its instance crashed. Its own log says more: search it for the header "
    "X-CloudTasks-TaskName and the time of the attempt",
    "queue.pause()",
    PITFALLS,
)
_OVERLOAD = Meaning(
    "The target is overloaded or down. Cloud Tasks slows the queue by itself while this lasts. Fix the target, or "
    "send less at a time",
    'queue.update(rate_limits={{"max_concurrent_tasks": 10}})',
    PITFALLS,
)
_BY_HTTP: dict[int, Meaning] = {
    **dict.fromkeys((301, 302, 303, 307, 308), _REDIRECT),
    **dict.fromkeys((400, 413, 415, 422), _REFUSED_BODY),
    401: Meaning(
        "The target does not accept the token, or there is none. Cloud Run and Cloud Functions expect an OIDC token "
        "whose audience is the URL of the service, without a path; the default audience is the whole URL of the task",
        'queue.update(http_target={{"oidc_token": {{"service_account_email": "…", "audience": "{host}"}}}})',
        RUN_AUTH,
    ),
    403: Meaning(
        "The target knows who calls, and does not let them in. For Cloud Run the account of the token needs "
        "roles/run.invoker on the service (a new grant takes some minutes), or ingress is internal and the URL is not "
        "the run.app one",
        "queue.diagnose(deep=True)",
        RUN_INGRESS,
    ),
    404: Meaning(
        "The target does not know this path: the service was deleted, the path is wrong, or the queue's URL override "
        "replaces that of the task",
        "queue.http_target",
        HTTP_REQUEST,
    ),
    429: _OVERLOAD,
    503: _OVERLOAD,
    504: Meaning(
        "Something in front of the handler gave up waiting, such as the request timeout of Cloud Run. Raise that "
        "timeout, or let the handler answer sooner",
        "queue.diagnose(deep=True)",
        PITFALLS,
    ),
}
_BY_CODE: dict[int, Meaning] = {
    2: Meaning(
        "The target was not reached: the name does not resolve, the connection was refused, or TLS failed. Cloud Tasks "
        "needs a public address; a private one or localhost cannot work",
        'queue.update(http_target={{"uri_override": {{"host": "…"}}}})',
        HTTP_TARGETS,
    ),
    4: Meaning(
        "The target did not answer within the dispatch deadline (10 minutes unless the task says otherwise)",
        'queue.create_task(payload, url=…, dispatch_deadline="30m")',
        HTTP_REQUEST,
    ),
    7: Meaning(
        "The request was not allowed to leave: a VPC Service Controls perimeter, an organisation policy, or an "
        "emulator that sends nothing to other machines",
        "queue.diagnose(deep=True)",
        "https://docs.cloud.google.com/tasks/docs/vpc-sc",
    ),
}


def meaning_of(cause: Cause) -> Meaning:
    """What it means that attempts end like this."""
    if cause.http is None:
        found = _BY_CODE.get(cause.code, _BY_CODE[2])
    else:
        found = _BY_HTTP.get(cause.http, _REFUSED_BODY if cause.http < 500 else _CRASH)
    return found._replace(cure=found.cure.format(host=cause.host))
