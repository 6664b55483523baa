// Google's client for Node, over gRPC: one JSON line in for each call, one out.
// In: {"version": "v2", "method": "createTask", "request": {...}}. Out: {"answer": ...} or {"code": 5, "message": ...}.
const readline = require("node:readline");
const tasks = require("@google-cloud/tasks");
const { GrpcClient } = require("google-gax");

const [servicePath, port] = process.argv[2].split(":");
// Credentials of the client's own copy of grpc-js: those of another copy are refused.
const sslCreds = new GrpcClient().grpc.credentials.createInsecure();
const clients = Object.fromEntries(
  ["v2", "v2beta3", "v2beta2"].map((version) => [
    version,
    new tasks[version].CloudTasksClient({ servicePath, port: Number(port), sslCreds }),
  ]),
);

async function answered({ version, method, request }) {
  try {
    const [answer] = await clients[version][method](request);
    return { answer };
  } catch (error) {
    return { code: error.code ?? 2, message: error.details ?? String(error), reason: error.reason };
  }
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answered(JSON.parse(line)))}\n`);
  }
  process.exit(0);
})();
