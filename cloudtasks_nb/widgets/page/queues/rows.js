// The rows of the explorer. The kernel sends columns, in which a repeated value is sent once.

const unpacked = new WeakMap();

function unpack({ count, columns }, project) {
  const held = Object.entries(columns).map(([name, { of, at }]) => [name, at ? at.map((n) => of[n]) : of]);
  return Array.from({ length: count }, (_, n) => {
    const row = Object.fromEntries(held.map(([name, values]) => [name, values[n % values.length]]));
    return { name: `projects/${project}/locations/${row.location}/queues/${row.id}`, ...row };
  });
}

export function rowsOf(frame) {
  const packed = frame.get("rows");
  if (!unpacked.has(packed)) unpacked.set(packed, unpack(packed, frame.get("place").project));
  return unpacked.get(packed);
}
