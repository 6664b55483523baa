"""The code that connects a program in another language to an emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from ...errors import InvalidArgument
from ...shown import Shown

if TYPE_CHECKING:
    from ...render import Card

Language = Literal[
    "python", "python-asyncio", "node", "go", "java", "php", "dotnet", "ruby", "gcloud", "terraform",
    "firebase-admin",
]  # fmt: skip


class _Known(Struct, frozen=True):
    title: str
    lines: str
    tried: str = ""  # the versions it was tested with; empty if not tested
    syntax: str = ""


KNOWN: dict[Language, _Known] = {
    "python": _Known(
        "Python",
        """import grpc
from google.cloud import tasks_v2

channel = grpc.insecure_channel("{host}:{port}")
Transport = tasks_v2.CloudTasksClient.get_transport_class("grpc")
client = tasks_v2.CloudTasksClient(transport=Transport(channel=channel))""",
        "google-cloud-tasks 2.26.0",
        "python",
    ),
    "python-asyncio": _Known(
        "Python, asyncio",
        """import grpc
from google.cloud import tasks_v2

channel = grpc.aio.insecure_channel("{host}:{port}")
Transport = tasks_v2.CloudTasksAsyncClient.get_transport_class("grpc_asyncio")
client = tasks_v2.CloudTasksAsyncClient(transport=Transport(channel=channel))""",
        "google-cloud-tasks 2.26.0",
        "python",
    ),
    "node": _Known(
        "Node.js",
        """const {CloudTasksClient} = require("@google-cloud/tasks");
const {GrpcClient} = require("google-gax");

const sslCreds = new GrpcClient().grpc.credentials.createInsecure();
const client = new CloudTasksClient({servicePath: "{host}", port: {port}, sslCreds});""",
        "@google-cloud/tasks 6.3.0",
        "js",
    ),
    "go": _Known(
        "Go",
        """client, err := cloudtasks.NewClient(ctx,
    option.WithEndpoint("{host}:{port}"),
    option.WithoutAuthentication(),
    option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))""",
        syntax="go",
    ),
    "java": _Known(
        "Java",
        """CloudTasksClient client = CloudTasksClient.create(CloudTasksSettings.newBuilder()
    .setCredentialsProvider(NoCredentialsProvider.create())
    .setTransportChannelProvider(InstantiatingGrpcChannelProvider.newBuilder()
        .setEndpoint("{host}:{port}")
        .setChannelConfigurator(ManagedChannelBuilder::usePlaintext)
        .build())
    .build());""",
        syntax="java",
    ),
    "php": _Known(
        "PHP",
        """$client = new CloudTasksClient([
    'apiEndpoint' => '{host}:{port}',
    'transport' => 'grpc',
    'credentials' => new InsecureCredentialsWrapper(),
    'transportConfig' => ['grpc' => ['stubOpts' => ['credentials' => ChannelCredentials::createInsecure()]]],
]);""",
        syntax="php",
    ),
    "dotnet": _Known(
        ".NET",
        """var client = new CloudTasksClientBuilder {
    Endpoint = "{host}:{port}",
    ChannelCredentials = ChannelCredentials.Insecure
}.Build();""",
        syntax="csharp",
    ),
    "ruby": _Known(
        "Ruby",
        """require "google/cloud/tasks"

client = Google::Cloud::Tasks.cloud_tasks do |config|
  config.endpoint = "{host}:{port}"
  config.credentials = :this_channel_is_insecure
end""",
        syntax="ruby",
    ),
    "gcloud": _Known(
        "gcloud",
        """export CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDTASKS=http://{host}:{port}/
export CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true
gcloud tasks queues list --project={project} --location=us-central1""",
        "Google Cloud SDK 528.0.0",
        "bash",
    ),
    "terraform": _Known(
        "Terraform",
        """provider "google" {
  project                     = "{project}"
  region                      = "us-central1"
  access_token                = "owner"
  cloud_tasks_custom_endpoint = "http://{host}:{port}/v2/"
}""",
        syntax="hcl",
    ),
    "firebase-admin": _Known(
        "firebase-admin",
        """export CLOUD_TASKS_EMULATOR_HOST={host}:{port}
node enqueue.js    # getFunctions().taskQueue("remind").enqueue({to: "ada"})""",
        "firebase-admin 13.10.0 for Node.js, 7.7.0 for Python",
        "bash",
    ),
}


class ConnectionLines(Shown):
    """The code that connects a program in one language. `code` is its text, as str() returns it.

    `tried` names the versions that it was tested with; it is empty if not tested.

    Example:
        >>> print(client.emulator.connect_from("ruby"))
    """

    def __init__(self, language: str, endpoint: str, project: str) -> None:
        if language not in tuple(KNOWN):  # a tuple also takes what is not hashable
            raise InvalidArgument(
                f"language={language!r} is not supported.", hint=f"use one of {', '.join(map(repr, KNOWN))}"
            )
        known = KNOWN[language]
        host, _, port = endpoint.partition("://")[2].rpartition(":")
        self.language = language
        self.title = known.title
        self.tried = known.tried
        self.code = known.lines.replace("{host}", host).replace("{port}", port).replace("{project}", project)

    def __str__(self) -> str:
        return self.code

    def __repr__(self) -> str:
        return self.code

    def _shape_(self) -> Card:
        from ...render import Card, muted
        from ...render.shapes import Section

        tried = self.tried or muted("not tested")
        return Card(
            f"From {self.title}",
            facts={"tested with": tried},
            sections=[Section("lines", self.code, open=True)],
        )
