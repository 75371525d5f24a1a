// The language of projections: what a script defines at its top level, and what it may call in handlers.
//
// A method that is not allowed at a place of the chain is not there. What a script says is collected in `said`.

/** What the script said so far. */
const said = {
  all: false,
  categories: [],
  streams: [],
  partition: "none",
  partitionBy: null,
  handlers: new Map(),
  transforms: [],
  output: false,
  options: {},
};

/** Ends with an error about how the script is written. */
function refuse(words) {
  throw new TypeError(words);
}

/** A function that was given where one is needed. */
function functionOf(value, where) {
  return typeof value === "function" ? value : refuse(`${where} needs a function, not ${nameOfKind(value)}`);
}

/** A text that was given where one is needed. */
function textOf(value, where) {
  return typeof value === "string" && value !== "" ? value : refuse(`${where} needs a name, not ${nameOfKind(value)}`);
}

/** What a value is, in words. */
function nameOfKind(value) {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (value === "") return "an empty text";
  return { string: "a text", object: isArray(value) ? "an array" : "an object" }[typeof value] ?? `a ${typeof value}`;
}

/** Takes a handler. */
function handle(type, handler, where) {
  said.handlers.set(type, functionOf(handler, where));
}

const chain = {
  when(handlers) {
    if (typeof handlers !== "object" || handlers === null) refuse(`when needs an object of handlers, not ${nameOfKind(handlers)}`);
    for (const type of keysOf(handlers)) handle(type, handlers[type], `the handler of ${type}`);
    return methods("transformBy", "filterBy", "outputState", "outputTo", "$defines_state_transform");
  },
  foreachStream() {
    said.partition = "stream";
    return methods("when");
  },
  partitionBy(by) {
    said.partition = "by";
    said.partitionBy = functionOf(by, "partitionBy");
    return methods("when");
  },
  transformBy(by) {
    said.transforms.push({ filter: false, by: functionOf(by, "transformBy") });
    return transformed();
  },
  filterBy(by) {
    said.transforms.push({ filter: true, by: functionOf(by, "filterBy") });
    return transformed();
  },
  outputState() {
    said.output = true;
    return methods("transformBy", "filterBy", "outputTo");
  },
  outputTo(name, pattern) {
    said.output = true;
    textOf(name, "outputTo");
    if (pattern !== undefined && !textOf(pattern, "the pattern of outputTo").includes("{0}")) {
      refuse("the pattern of outputTo needs {0} for the partition");
    }
  },
  $defines_state_transform() {
    said.output = true;
  },
};

/** The part of the chain that may follow. */
function methods(...names) {
  const allowed = {};
  for (const name of names) allowed[name] = exact(name, chain[name]);
  return allowed;
}

/** The same function, which refuses arguments that it would ignore. Those that take any number have rest parameters. */
function exact(name, call, most = call.length) {
  const checked = function (...given) {
    if (given.length > most) {
      const takes = most === 0 ? "no argument" : most === 1 ? "one argument" : `${most} arguments`;
      refuse(`${name} takes ${takes}; a further one would have no effect`);
    }
    return apply(call, this, given);
  };
  return defineProperty(checked, "name", { value: name });
}

/** What takes any number of arguments. */
const TAKES_ANY = new Set(["fromCategory", "fromCategories", "fromStreams", "log", "copyTo"]);

function transformed() {
  said.output = true;
  return methods("transformBy", "filterBy", "outputState", "outputTo");
}

const afterCategory = () => methods("when", "partitionBy", "foreachStream", "outputState");
const afterStream = () => methods("when", "partitionBy", "outputState");

/** The texts given one by one or in an array. */
function listOf(values, where) {
  const list = values.length === 1 && isArray(values[0]) ? values[0] : values;
  if (list.length === 0) refuse(`${where} needs at least one name`);
  return list.map((value) => textOf(value, where));
}

const OPTIONS = {
  resultstreamname: ["resultStreamName", "string"],
  $includelinks: ["$includeLinks", "boolean"],
  reorderevents: ["reorderEvents", "boolean"],
  processinglag: ["processingLag", "number"],
  bistate: ["biState", "boolean"],
};

/** What a script may call at its top level. */
const definers = {
  fromAll() {
    said.all = true;
    return afterCategory();
  },
  fromCategory(...categories) {
    said.categories.push(...listOf(categories, "fromCategory"));
    return afterCategory();
  },
  fromCategories(...categories) {
    said.categories.push(...listOf(categories, "fromCategories"));
    return afterCategory();
  },
  fromStream(stream) {
    said.streams.push(textOf(stream, "fromStream"));
    return afterStream();
  },
  fromStreams(...streams) {
    said.streams.push(...listOf(streams, "fromStreams"));
    return afterStream();
  },
  options(given) {
    if (typeof given !== "object" || given === null) refuse(`options needs an object, not ${nameOfKind(given)}`);
    for (const name of keysOf(given)) {
      const [known, kind] = OPTIONS[name.toLowerCase()] ?? refuse(`there is no option ${name}`);
      if (typeof given[name] !== kind) refuse(`the option ${known} needs a ${kind}, not ${nameOfKind(given[name])}`);
      said.options[known] = given[name];
    }
  },
  on_event(type, handler) {
    handle(textOf(type, "on_event"), handler, `the handler of ${type}`);
  },
  on_any(handler) {
    handle("$any", handler, "on_any");
  },
};

/** Refuses what does not go together. */
function check() {
  const { all, categories, streams, partition, handlers, options } = said;
  if (!all && categories.length === 0 && streams.length === 0) {
    refuse("the projection names no source of events: begin with fromAll(), fromCategory(name) or fromStream(name)");
  }
  if (streams.length > 0 && (all || categories.length > 0)) refuse("streams cannot be mixed with categories or fromAll()");
  if (streams.length > 0 && partition === "stream") refuse("foreachStream() needs fromAll() or fromCategory(), not single streams");
  if (handlers.has("$deleted") && partition !== "stream") refuse("$deleted needs foreachStream()");
  if (handlers.has("$deleted") && isBiState()) refuse("$deleted does not go with a shared state");
  if (options.reorderEvents === true) {
    if (streams.length < 2) refuse("the option reorderEvents needs fromStreams() with two streams or more");
    if (!(options.processingLag >= 50)) refuse("the option reorderEvents needs processingLag of at least 50");
  }
}

/** Whether handlers are given [own, shared]. */
function isBiState() {
  return said.options.biState === true || said.handlers.has("$initShared");
}

for (const name of keysOf(definers)) {
  define(globalThis, name, TAKES_ANY.has(name) ? definers[name] : exact(name, definers[name]));
}

// The one event that handlers are given, with what is known of it. It is valid during its own event alone; whoever
// keeps it sees the next one.

/** The type of the event, its body (undefined until somebody asks for it), and the name a script gave its partition. */
let eventType = "";
let eventBody;
let partitionName = "";

/** Reads a fact that is asked for seldom, by its number there: a text, a number or a flag; objects come as JSON text. */
const fact = (number) => native.fact(number);
const jsonFact = (number) => parse(native.fact(number));
const [BODY_RAW, IS_JSON, STREAM_ID, SEQUENCE_NUMBER, EVENT_ID, TIMESTAMP, CATEGORY, METADATA, KAFKA] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

/** The last millisecond, before and after 1970, that a date holds (ECMA-262, 21.4.1.1). */
const LAST_MS = 8.64e15;

/** When something happened, or null where the record does not tell; milliseconds where no date holds them. */
function writtenTime(timeMs) {
  if (timeMs === undefined) return null;
  return timeMs > LAST_MS || timeMs < -LAST_MS ? `${timeMs} ms` : new SystemDate(timeMs).toISOString();
}

class ProjectionEvent {
  get eventType() { return eventType; }
  get body() { return eventBody === undefined ? (eventBody = native.body()) : eventBody; }
  get data() { return this.body; }
  get bodyRaw() { return fact(BODY_RAW) ?? null; }
  get isJson() { return fact(IS_JSON); }
  get streamId() { return fact(STREAM_ID); }
  get sequenceNumber() { return fact(SEQUENCE_NUMBER); }
  get eventId() { return fact(EVENT_ID); }
  get created() { return writtenTime(fact(TIMESTAMP)); }
  get category() { return fact(CATEGORY); }
  get partition() { return said.partition === "stream" ? fact(STREAM_ID) : partitionName; }
  get metadata() { return jsonFact(METADATA); }
  get metadataRaw() { return fact(METADATA); }
  get linkMetadata() { return null; }
  get linkMetadataRaw() { return null; }
  get kafka() { return jsonFact(KAFKA); }
  toJSON() {
    const all = {};
    for (const name of EVENT_MEMBERS) all[name] = this[name];
    return all;
  }
}
const EVENT_MEMBERS = ownKeys(ProjectionEvent.prototype).filter((name) => name !== "constructor" && name !== "toJSON");
freeze(ProjectionEvent.prototype);
const event = freeze(new ProjectionEvent());

/** JSON text of what an emitted event carries. */
function carried(value, where) {
  if (typeof value !== "object" || value === null) refuse(`${where} needs an object, not ${nameOfKind(value)}`);
  return stringify(settledAt(null, null, value));
}

/** A name that says something. */
function nameText(value, where) {
  return typeof value === "string" && value.trim() !== "" ? value : refuse(`${where} needs a name, not ${nameOfKind(value)}`);
}

/** What a handler may call. */
const actions = {
  emit(stream, type, body, metadata) {
    if (arguments.length < 3) refuse("emit needs a stream, a type and a body");
    const meta = metadata === undefined || metadata === null ? null : carried(metadata, "the metadata of emit");
    native.emit(nameText(stream, "the stream of emit"), nameText(type, "the type of emit"), carried(body, "the body of emit"), meta);
  },
  linkTo(stream, linked, metadata) {
    const meta = metadata === undefined || metadata === null ? null : carried(metadata, "the metadata of linkTo");
    if (typeof linked !== "object" || linked === null || typeof linked.sequenceNumber !== "number" || typeof linked.streamId !== "string") {
      refuse("linkTo needs an event, with its sequenceNumber and its streamId");
    }
    native.emit(nameText(stream, "the stream of linkTo"), "$>", stringify(`${linked.sequenceNumber}@${linked.streamId}`), meta);
  },
  linkStreamTo(stream, linked, metadata) {
    if (metadata !== undefined) refuse("linkStreamTo takes no metadata");
    native.emit(nameText(stream, "the stream of linkStreamTo"), "$@", stringify(nameText(linked, "the linked stream")), null);
  },
  copyTo() {},
  log(...things) {
    native.log(things.map(lineOf).join(" "));
  },
};

/** A thing as a line of a log. */
function lineOf(thing) {
  if (typeof thing === "string") return thing;
  if (thing instanceof Error) return `${thing}`;
  try {
    return stringify(thing) ?? String(thing);
  } catch {
    return String(thing);
  }
}
