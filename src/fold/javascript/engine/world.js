// The world a projection lives in: no clock, no randomness, no code from text, the same in every time zone.
//
// Runs before the projection. What follows in this scope uses what is kept here, so that a projection which replaces a
// built-in harms nobody but itself.

const { Date: SystemDate, Map, Set, Error, TypeError, RangeError, Proxy } = globalThis;
const { isArray } = Array;
const { includes } = Array.prototype;
const { parse, stringify } = JSON;
const { keys: keysOf, freeze, defineProperty, getPrototypeOf, getOwnPropertyDescriptor, hasOwn } = Object;
const { ownKeys, apply, construct } = Reflect;
const ObjectPrototype = Object.prototype;

/** A function that says why something is missing. */
function missing(what, why) {
  const absent = function () { throw new Error(`${what} is not there: ${why}`); };
  return defineProperty(absent, "name", { value: what });
}

/** Defines what a name means, where code can neither see nor miss it by enumerating. */
function define(target, name, value) {
  defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true });
}

const SAME_EVERY_TIME = "a projection must give the same states every time";

// Chance.
define(Math, "random", missing("Math.random", SAME_EVERY_TIME));

// Code from text.
const NO_TEXT = "code cannot be made from text here";
define(globalThis, "eval", missing("eval", NO_TEXT));
for (const sample of [function () {}, function* () {}, async function () {}, async function* () {}]) {
  const made = missing("Function", NO_TEXT);
  made.prototype = getPrototypeOf(sample);
  define(getPrototypeOf(sample), "constructor", made);
}
define(globalThis, "Function", Function.prototype.constructor);

// What others could wait for, or what shows when memory is collected.
for (const name of ["Atomics", "SharedArrayBuffer", "queueMicrotask", "WeakRef", "FinalizationRegistry", "performance"]) {
  delete globalThis[name];
}

// What walks a list within one native function is not stopped by any limit while it does: billions of nothing would take
// hours. The watch from outside ends the whole program for that; here it is an error of the script with its place.
const MOST_ELEMENTS = 1e7;
const WALKERS = [
  "concat", "copyWithin", "fill", "flat", "join", "lastIndexOf", "reverse", "shift", "slice", "sort", "splice",
  "toLocaleString", "toReversed", "toSorted", "toSpliced", "unshift", "with",
];

/** A native function that refuses lists which it would walk for too long; `listsOf` says which those are. */
function bounded(target, name, listsOf) {
  const system = target[name];
  const walk = function (...given) {
    for (const list of listsOf(this, given)) {
      if (typeof list === "object" && list !== null && list.length > MOST_ELEMENTS) {
        throw new RangeError(`${name}: a list of ${list.length} elements is too long`);
      }
    }
    return apply(system, this, given);
  };
  defineProperty(walk, "name", { value: name });
  defineProperty(walk, "length", { value: system.length });
  define(target, name, walk);
}
for (const name of WALKERS) bounded(Array.prototype, name, (own, given) => (name === "concat" ? [own, ...given] : [own]));
bounded(String, "raw", (_, given) => [given[0]?.raw]);
bounded(Reflect, "apply", (_, given) => [given[2]]);

// The clock, and the time zone of the machine.
const NO_CLOCK = `${SAME_EVERY_TIME}; an event's own time is e.created`;
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const HAS_ZONE = /(?:Z|[+-]\d\d:?\d\d|\b(?:GMT|UTC?|[ECMP][SD]T))\s*(?:\([^)]*\))?\s*$/i;
const IS_DATE = /^\s*[+-]?\d{4,6}(?:-\d\d(?:-\d\d)?)?\s*$/;
const systemParse = SystemDate.parse;

/** The time a text means, one without a zone in UTC. */
function timeOf(text) {
  text = `${text}`;
  if (HAS_ZONE.test(text) || IS_DATE.test(text)) return systemParse(text);
  const time = systemParse(`${text}Z`);
  return time === time ? time : systemParse(`${text} UTC`);
}

function Date(...parts) {
  if (new.target === undefined || parts.length === 0) throw new Error(`new Date() without a time is not there: ${NO_CLOCK}`);
  if (parts.length > 1) return construct(SystemDate, [SystemDate.UTC(...parts)], new.target);
  let [time] = parts;
  if (typeof time === "object" && time !== null) {
    time = time instanceof SystemDate ? time.getTime() : time[Symbol.toPrimitive]?.("default") ?? time.valueOf();
    if (typeof time === "object") time = `${parts[0]}`;
  }
  return construct(SystemDate, [typeof time === "string" ? timeOf(time) : time], new.target);
}
const dates = SystemDate.prototype;
Date.prototype = dates;
defineProperty(Date, "length", { value: 7 });
define(Date, "UTC", SystemDate.UTC);
define(Date, "parse", timeOf);
define(Date, "now", missing("Date.now", NO_CLOCK));
define(dates, "constructor", Date);
define(globalThis, "Date", Date);
for (const name of ownKeys(dates)) {
  if (typeof name === "string" && /^[gs]etUTC/.test(name)) define(dates, name.replace("UTC", ""), dates[name]);
}
define(dates, "getYear", function getYear() { return this.getUTCFullYear() - 1900; });
define(dates, "setYear", function setYear(year) {
  return this.setUTCFullYear(year >= 0 && year <= 99 ? 1900 + Math.trunc(year) : year);
});
define(dates, "getTimezoneOffset", function getTimezoneOffset() { return this.getTime() === this.getTime() ? 0 : NaN; });
const two = (number) => `${number}`.padStart(2, "0");
const written = (write) => function () { return this.getTime() === this.getTime() ? write(this) : "Invalid Date"; };
const year = (date) => { const at = date.getUTCFullYear(); return `${at < 0 ? "-" : ""}${`${Math.abs(at)}`.padStart(4, "0")}`; };
const dateText = (date) => `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${two(date.getUTCDate())} ${year(date)}`;
const clockText = (date) => `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
const localDate = (date) => `${date.getUTCMonth() + 1}/${date.getUTCDate()}/${date.getUTCFullYear()}`;
const localTime = (date) => `${date.getUTCHours() % 12 || 12}${clockText(date).slice(2)} ${date.getUTCHours() < 12 ? "AM" : "PM"}`;
define(dates, "toString", written((date) => `${dateText(date)} ${clockText(date)} GMT+0000 (UTC)`));
define(dates, "toDateString", written(dateText));
define(dates, "toTimeString", written((date) => `${clockText(date)} GMT+0000 (UTC)`));
define(dates, "toLocaleString", written((date) => `${localDate(date)}, ${localTime(date)}`));
define(dates, "toLocaleDateString", written(localDate));
define(dates, "toLocaleTimeString", written(localTime));

/** The built-ins: what is there before the projection comes. */
const builtIns = (() => {
  const found = new Set([getPrototypeOf(function* () {}), getPrototypeOf(async function () {}), getPrototypeOf(async function* () {})]);
  for (const name of ownKeys(globalThis)) {
    const value = globalThis[name];
    if (value === globalThis || (typeof value !== "object" && typeof value !== "function") || value === null) continue;
    found.add(value);
    if (typeof value.prototype === "object" && value.prototype !== null) found.add(value.prototype);
  }
  for (const made of [[].values(), new Map().keys(), new Set().keys(), ""[Symbol.iterator](), /a/[Symbol.matchAll]("")]) found.add(getPrototypeOf(made));
  // What these are made of in their turn, such as the one typed array behind all kinds of them.
  for (const value of found) {
    const above = getPrototypeOf(value);
    if (above !== null) found.add(above);
  }
  return [...found];
})();

/** Lets what is called like a built-in's property be written into the objects below it, though the built-in is frozen. */
function overridable(target) {
  for (const name of ownKeys(target)) {
    const { value, configurable, writable } = getOwnPropertyDescriptor(target, name);
    if (!configurable || !writable) continue;
    defineProperty(target, name, {
      get() { return value; },
      set(own) {
        if (this === target) throw new TypeError(`built-in objects cannot be changed: ${String(name)}`);
        defineProperty(this, name, { value: own, writable: true, enumerable: true, configurable: true });
      },
      enumerable: false,
      configurable: false,
    });
  }
}

/** Ends all changes to built-ins: what one event does must not be seen by the next but in the state. */
function lockDown() {
  overridable(Object.prototype);
  for (const kind of builtIns) {
    if (kind === Error.prototype || getPrototypeOf(kind) === Error.prototype) overridable(kind);
  }
  for (const value of builtIns) freeze(value);
}
