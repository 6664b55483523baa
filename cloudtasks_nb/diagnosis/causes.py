"""The meaning of each status that an attempt can end with, and the remedy. Pure."""

from __future__ import annotations

from typing import NamedTuple

from .attempts import Cause

PITFALLS = "https://docs.cloud.google.com/tasks/docs/common-pitfalls"
HTTP_TARGETS = "https://docs.cloud.google.com/tasks/docs/creating-http-target-tasks"
RUN_AUTH = "https://docs.cloud.google.com/run/docs/authenticating/service-to-service"
RUN_INGRESS = "https://docs.cloud.google.com/run/docs/securing/ingress"
HTTP_REQUEST = "https://docs.cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks"


class Meaning(NamedTuple):
    """Why attempts end like this. `cure` is a line of code, in which "{host}" stands for the target."""

    words: str
    cure: str
    source: str


_REDIRECT = Meaning(
    "Cloud Tasks does not follow redirects: a redirect is a failed attempt. Use the final URL. Common reasons are "
    "http:// instead of https://, and a missing slash at the end",
    'queue.update(http_target={{"uri_override": {{"scheme": "HTTPS"}}}})',
    HTTP_REQUEST,
)
_REFUSED_BODY = Meaning(
    "The handler rejects the request. Check its headers and body: Content-Type defaults to "
    "application/octet-stream, and the body may be base64-encoded twice",
    'queue.tasks(view="FULL").first(1)[0]',
    HTTP_TARGETS,
)
_CRASH = Meaning(
    "The handler raised an exception, or its instance crashed. Search the log of the handler for the header "
    "X-CloudTasks-TaskName and the time of the attempt",
    "queue.pause()",
    PITFALLS,
)
_OVERLOAD = Meaning(
    "The target is overloaded or down. Cloud Tasks throttles the queue while this lasts. Repair the target, or send "
    "fewer concurrent requests",
    'queue.update(rate_limits={{"max_concurrent_tasks": 10}})',
    PITFALLS,
)
_BY_HTTP: dict[int, Meaning] = {
    **dict.fromkeys((301, 302, 303, 307, 308), _REDIRECT),
    **dict.fromkeys((400, 413, 415, 422), _REFUSED_BODY),
    401: Meaning(
        "The token is missing, or the target does not accept it. Cloud Run and Cloud Functions expect an OIDC token "
        "whose audience is the URL of the service, without a path; the audience defaults to the whole URL of the task",
        'queue.update(http_target={{"oidc_token": {{"service_account_email": "…", "audience": "{host}"}}}})',
        RUN_AUTH,
    ),
    403: Meaning(
        "The target accepts the token, but its account may not call the target. On Cloud Run, the account needs "
        "roles/run.invoker on the service (a new grant takes some minutes). If ingress is internal, the URL must be "
        "the run.app URL",
        "queue.diagnose(deep=True)",
        RUN_INGRESS,
    ),
    404: Meaning(
        "The target has no such path: the service was deleted, the path is wrong, or the queue's URL override replaces "
        "the URL of the task",
        "queue.http_target",
        HTTP_REQUEST,
    ),
    429: _OVERLOAD,
    503: _OVERLOAD,
    504: Meaning(
        "A gateway in front of the handler timed out, for example by the request timeout of Cloud Run. Raise that "
        "timeout, or make the handler faster",
        "queue.diagnose(deep=True)",
        PITFALLS,
    ),
}
_BY_CODE: dict[int, Meaning] = {
    2: Meaning(
        "Cloud Tasks could not connect to the target: the host name does not resolve, the connection was refused, or "
        "TLS failed. The address must be public; a private address or localhost does not work",
        'queue.update(http_target={{"uri_override": {{"host": "…"}}}})',
        HTTP_TARGETS,
    ),
    4: Meaning(
        "The target did not respond within the dispatch deadline (it defaults to 10 minutes)",
        'queue.create_task(payload, url=…, dispatch_deadline="30m")',
        HTTP_REQUEST,
    ),
    7: Meaning(
        "The request was blocked before it was sent: by a VPC Service Controls perimeter, by an organisation policy, "
        "or by an emulator that sends nothing to other machines",
        "queue.diagnose(deep=True)",
        "https://docs.cloud.google.com/tasks/docs/vpc-sc",
    ),
}


def meaning_of(cause: Cause) -> Meaning:
    """The meaning and the remedy of a cause."""
    if cause.http is None:
        found = _BY_CODE.get(cause.code, _BY_CODE[2])
    else:
        found = _BY_HTTP.get(cause.http, _REFUSED_BODY if cause.http < 500 else _CRASH)
    return found._replace(cure=found.cure.format(host=cause.host))
