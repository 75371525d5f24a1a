// Running: one event after the other, each with the state of its partition.

/** A handler that keeps the body of the last event: what a projection without handlers does. */
function keepBody() {}

/** What events are handled with, by the number the other side of the engine knows. */
const table = [keepBody];
let partitionBy = null;
let transforms = null;
let init = null;
let initShared = null;
let created = null;
let deleted = null;
let shared = null;
/** The states by the numbers of their partitions. */
const entries = [];
/** The numbers of the partitions that a script named. */
const claims = new Map();
/** The types of events by their numbers. */
const types = [];

/** Takes the script's definitions and says what they are. */
function defined() {
  check();
  for (const name of keysOf(definers)) delete globalThis[name];
  for (const name of keysOf(actions)) {
    define(globalThis, name, TAKES_ANY.has(name) ? actions[name] : exact(name, actions[name]));
  }
  const { handlers } = said;
  if (isBiState()) shared = new Entry();
  const special = (name) => { const found = handlers.get(name) ?? null; handlers.delete(name); return found; };
  const order = [...handlers.keys()];
  init = special("$init");
  initShared = special("$initShared");
  created = special("$created");
  deleted = special("$deleted");
  const any = special("$any");
  for (const handler of handlers.values()) table.push(handler);
  if (any !== null) table.push(any);
  partitionBy = said.partitionBy;
  if (said.transforms.length > 0) transforms = said.transforms;
  lockDown();
  return stringify({
    all: said.all,
    categories: said.categories,
    streams: said.streams,
    partition: said.partition,
    handlers: [...handlers.keys()],
    any: any === null ? null : order.indexOf("$any") === order.length - 1 ? "last" : "first",
    init: init !== null,
    created: created !== null,
    deleted: deleted !== null,
    bi_state: shared !== null,
    transforms: transforms !== null,
    options: said.options,
  });
}

/** The first state of a partition. */
function initial(make, name) {
  if (make === null) return {};
  const made = make();
  if (made === undefined) throw new TypeError(`${name} returned nothing; an arrow function returns an object in parentheses: () => ({ … })`);
  return made;
}

/** Begins a state with what a handler made. */
function begin(entry, make, name) {
  entry.take(initial(make, name));
  settle();
}

/** The state of a partition, begun if it is not there. */
function open(number, isDelete) {
  const entry = (entries[number] ??= new Entry());
  begin(entry, init, "$init");
  if (shared !== null && shared.root === undefined) begin(shared, initShared, "$initShared");
  if (created !== null && !isDelete) {
    const handler = created;
    handler(given(entry), event);
    settle();
  }
  return entry;
}

/** What handlers are given of a state. */
function given(entry) {
  return shared === null ? entry.handle : [entry.handle, shared.handle];
}

/** Takes what a handler of two states left. */
function takeBoth(entry, before, returned) {
  const both = returned === undefined ? before : returned;
  if (!isArray(both) || both.length < 2) throw new TypeError("with a shared state a handler returns [state, shared]");
  const [own, other] = both;
  if (own !== entry.handle) entry.take(own);
  if (other !== shared.handle) shared.take(other);
}

/** Refuses what would be waited for. */
function checkReturned(value) {
  if (typeof value === "object" && value !== null && typeof value.then === "function") {
    throw new TypeError("a handler returned a promise; handlers are synchronous and nothing waits for it");
  }
}

/** The number of a partition that is met for the first time. */
function claim(key) {
  const number = native.claim(key);
  if (!native.isSingle) claims.set(key, number);
  return number;
}

/** The number of the partition that the script names for the event; below 0 when it is skipped. */
function claimed() {
  const by = partitionBy;
  partitionName = "";
  const found = by(event);
  const key = typeof found === "number" ? `${found}` : found;
  if (typeof key !== "string") return -1;
  partitionName = key;
  return claims.get(key) ?? claim(key);
}

/** Applies an event. Says the number of its partition; -1 when it is skipped, -2 when the partition is another's. */
function step(handler, type, body, number) {
  eventType = types[type];
  eventBody = body;
  if (partitionBy !== null) {
    number = claimed();
    if (number < 0) return number;
  }
  let entry = entries[number] ?? revived(number);
  if (entry === undefined || entry.root === null || entry.root === undefined) entry = open(number, false);
  if (handler === 0) {
    // Nobody else holds a body that was just parsed; a negative zero in it cannot be told from zero by any handler.
    entry.put(event.body ?? (event.isJson ? null : event.bodyRaw), true);
  } else {
    const run = table[handler];
    if (shared === null) {
      const returned = run(entry.handle, event);
      if (returned !== undefined && returned !== entry.handle) {
        checkReturned(returned);
        entry.take(returned);
      }
    } else {
      const both = given(entry);
      const returned = run(both, event);
      checkReturned(returned);
      takeBoth(entry, both, returned);
    }
    if (dirty.length > 0 || hasMoved) settle();
  }
  if (transforms !== null) transform(entry);
  return number;
}

/** Tells the partition of a deleted stream. */
function remove(number, name) {
  eventType = "tombstone";
  eventBody = null;
  let entry = entries[number] ?? revived(number);
  if (entry === undefined || entry.root === null || entry.root === undefined) entry = open(number, true);
  const handler = deleted;
  checkReturned(handler(entry.handle, null, name, false));
  settle();
  if (transforms !== null) transform(entry);
}

/** Makes the result of a state, when that has changed. */
function transform(entry) {
  const json = stringify(entry.root);
  if (json === entry.json) return;
  entry.json = json;
  entry.result = resultOf(json);
}

/** The result made of a state, both as JSON text. */
function resultOf(json) {
  let result = parse(json);
  for (const { filter, by } of transforms) {
    const found = by(result);
    if (!filter) result = found;
    else if (found !== true) result = null;
    if (result === null || result === undefined) break;
  }
  return result === null ? null : (stringify(result) ?? null);
}

/** Puts a state that was told before, as JSON text; undefined for none. */
function restore(number, text, holdsObjects) {
  forget();
  const entry = (entries[number] = new Entry());
  if (text !== undefined) entry.put(parse(text), holdsObjects);
}

/** Puts the state that all partitions share. */
function restoreShared(text) {
  if (shared === null) return;
  shared = new Entry();
  if (text !== undefined) shared.put(parse(text), true);
}

/** A state that was put aside, or none. */
function revived(number) {
  const text = native.parked(number);
  if (text === undefined) return undefined;
  const entry = (entries[number] = new Entry());
  entry.put(parse(text), true);
  return entry;
}

/** A state as JSON text. */
function told(number) {
  const root = entries[number]?.root;
  return root === undefined ? null : stringify(root);
}

/** What was thrown, in words, and where. */
function described(thrown) {
  try {
    if (thrown instanceof Error) return [`${thrown.name}: ${thrown.message}`, typeof thrown.stack === "string" ? thrown.stack : ""];
    if (typeof thrown === "string") return [`it threw the text ${stringify(thrown)}`, ""];
    if (typeof thrown === "object" && thrown !== null) return [`it threw an object: ${stringify(thrown) ?? "{}"}`, ""];
    return [`it threw ${String(thrown)}`, ""];
  } catch {
    return [`it threw ${nameOfKind(thrown)} that cannot be described`, ""];
  }
}

return {
  defined,
  step,
  remove,
  restore,
  restoreShared,
  told,
  described,
  addType: (name) => types.push(name) - 1,
  drop: (number) => {
    if (entries[number]?.tracker) release(entries[number].tracker);
    delete entries[number];
  },
  toldShared: () => (shared === null || shared.root === undefined ? null : stringify(shared.root)),
  toldResult: (number) => entries[number]?.result ?? null,
  resultOf,
  slot: (name) => claims.get(name) ?? claim(name),
};
