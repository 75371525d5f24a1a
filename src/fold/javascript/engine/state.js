// The state of a partition: JSON after every event, whatever a handler did to it.
//
// A handler is given proxies. Only what it wrote is looked at afterwards, so that an event costs what it touches, not
// what the state holds; the outcome is the same as that of `JSON.parse(JSON.stringify(state))` after every event:
// dates become texts, members that are undefined or functions vanish, NaN becomes null, and no part of a state is part
// of it twice.
//
// Invariant between events: what hangs at an entry's `root` is plain JSON, a tree, and holds no proxy.

/** How deep states may be nested. */
const MOST_NESTED = 128;

/** Trackers of objects that were written to in this event. */
const dirty = [];
/** Objects that were moved to another place of the state in this event, and whether there are any. */
const moved = new Set();
let hasMoved = false;
/** Trackers of objects that were moved to the top of a new state. */
const lifted = [];
/** The number of the event, for what holds during one event alone. */
let epoch = 1;
/** Whether a number was met that is none. */
let metNotANumber = false;
/** Whether the last copy holds objects. */
let copyHoldsObjects = false;
/** Thrown inside of this part when something is nested too deep. */
const TOO_DEEP = {};

/** A question that only the proxies of states answer: with the tracker behind them. */
const PROBE = Symbol("probe");
let probed = null;

/** The tracker behind a proxy; null for every other object. A map would keep both of them alive for ever. */
function trackerOf(object) {
  probed = null;
  PROBE in object;
  return probed;
}

/** Watches an object of a state. A new one is clean, is nobody's, and has no children. */
class Tracker {
  constructor(target, parent, name, depth) {
    this.target = target;
    this.parent = parent;
    this.name = name;
    this.depth = depth;
  }

  get(target, name) {
    const value = target[name];
    return typeof value === "object" && value !== null ? this.child(value, name) : value;
  }

  /** The proxy of an object held here. What was written in this event is handed back as it was given. */
  child(value, name) {
    if (this.isDirty === true && (name === this.first || this.others?.has(name))) return value;
    const known = (this.children ??= new Map()).get(name);
    if (known !== undefined) {
      if (known.target === value) return known.proxy;
      release(known);
    }
    return this.adopt(name, track(value, this, name, this.depth + 1));
  }

  /** Keeps a new child. Says its proxy. */
  adopt(key, child) {
    this.children.set(key, child);
    return (child.proxy = new Proxy(child.target, child));
  }

  has(target, name) {
    if (name !== PROBE) return name in target;
    probed = this;
    return false;
  }

  set(target, name, value) {
    if (typeof name === "string") {
      // What is plain needs no second look; a prototype cannot be set to any of these.
      switch (typeof value) {
        case "number":
          if (value - value !== 0 || (value === 0 && 1 / value < 0)) break;
          target[name] = value;
          return true;
        case "string":
          if (!value.isWellFormed()) break;
          target[name] = value;
          return true;
        case "boolean":
          target[name] = value;
          return true;
      }
      if (name === "__proto__") throw new TypeError("a state cannot be given another prototype");
    }
    this.mark(name);
    target[name] = value;
    return true;
  }

  /** Remembers that a member is to be looked at. */
  mark(name) {
    if (this.isDirty !== true) {
      this.isDirty = true;
      this.first = name;
      dirty.push(this);
    } else if (name !== this.first) {
      (this.others ??= new Set()).add(name);
    }
  }

  defineProperty(target, name, { value, get, set, writable, enumerable, configurable }) {
    if (get !== undefined || set !== undefined || writable === false || enumerable === false || configurable === false) {
      throw new TypeError("a state is JSON: its members can be neither computed nor hidden nor fixed");
    }
    return this.set(target, name, value);
  }

  setPrototypeOf() {
    throw new TypeError("a state cannot be given another prototype");
  }

  preventExtensions() {
    throw new TypeError("a state cannot be frozen in place; return a frozen copy instead");
  }

  /** Makes JSON of what was written here in this event. */
  settle() {
    this.settleMember(this.first);
    if (this.others !== undefined) for (const name of this.others) this.settleMember(name);
  }

  /** Makes JSON of what was written to a member. */
  settleMember(name) {
    const { target } = this;
    if (!hasOwn(target, name)) return;
    const value = target[name];
    const said = typeof name === "symbol" ? undefined : settledAt(this, name, value);
    if (said === undefined) {
      delete target[name];
      return;
    }
    if (name === "__proto__") define(target, name, said);
    else target[name] = said;
    // A root of scalars is read without its tracker.
    if (this.parent === null && this.get === undefined && typeof said === "object" && said !== null) delete this.get;
  }

  /** Forgets what was written. */
  clean() {
    this.isDirty = false;
    this.others = undefined;
  }
}

/**
 * Watches an array of a state. What was written is known by identity and not by place, because elements move; children
 * are known by the element, too.
 */
class ArrayTracker extends Tracker {
  constructor(target, parent, name, depth) {
    super(target, parent, name, depth);
    // From this index on something is to be looked at.
    this.from = Infinity;
    // The objects written in this event.
    this.fresh = null;
    // Whether there may be members that are no elements.
    this.hasMembers = false;
  }

  get(target, name) {
    const value = target[name];
    if (typeof value === "object" && value !== null) return this.child(value, name);
    return typeof value === "function" ? (mutators[name] ?? value) : value;
  }

  child(value, name) {
    if (this.fresh !== null && this.fresh.has(value)) return value;
    const known = (this.children ??= new Map()).get(value);
    if (known === undefined) return this.adopt(value, track(value, this, name, this.depth + 1));
    known.name = name;
    return known.proxy;
  }

  /** Remembers that the elements from this index on are to be looked at. */
  touch(index) {
    if (this.from === Infinity) dirty.push(this);
    if (index < this.from) this.from = index;
  }

  /** Remembers a value that was written at this index. */
  write(index, value) {
    if (typeof value === "object" && value !== null) (this.fresh ??= new Set()).add(value);
    else if (isPlain(value)) return;
    this.touch(index);
  }

  set(target, name, value) {
    const before = target.length;
    if (name === "length") {
      target.length = value;
      if (target.length > before) this.touch(before);
      return true;
    }
    target[name] = value;
    if (!isIndex(name)) {
      this.hasMembers = true;
      this.touch(before);
      return true;
    }
    const index = name >>> 0;
    if (index > before) this.touch(before);
    this.write(index, value);
    return true;
  }

  deleteProperty(target, name) {
    delete target[name];
    if (isIndex(name)) this.touch(name >>> 0);
    return true;
  }

  settle() {
    const { target, fresh } = this;
    for (let index = this.from; index < target.length; index++) {
      const value = target[index];
      if (typeof value === "object" && value !== null ? fresh !== null && fresh.has(value) : !isPlain(value)) {
        target[index] = settledAt(this, index, value) ?? null;
      }
    }
    if (this.hasMembers) {
      for (const name of ownKeys(target)) if (name !== "length" && !isIndex(name)) delete target[name];
    }
    // Children of elements that are gone.
    if (this.children?.size > 2 * target.length + 8) release(this);
  }

  clean() {
    this.from = Infinity;
    this.fresh = null;
    this.hasMembers = false;
  }
}

/** Whether a name is that of an element. */
function isIndex(name) {
  return typeof name === "string" && `${name >>> 0}` === name;
}

/** Whether a value that is no object is what JSON makes of it. */
function isPlain(value) {
  switch (typeof value) {
    case "number":
      return value - value === 0 && (value !== 0 || 1 / value > 0);
    case "string":
      return value.isWellFormed();
    default:
      return typeof value === "boolean" || value === null;
  }
}

/** The methods of arrays that move elements, done to the array itself instead of element by element. */
const mutators = (() => {
  const { pop, shift, unshift, splice, reverse, sort, push } = Array.prototype;
  /** A method that does this with the tracker of a state's array, and the usual with any other. */
  const forStates = (usual, own) =>
    function (...given) {
      const tracker = typeof this === "object" && this !== null ? trackerOf(this) : null;
      return tracker instanceof ArrayTracker ? own(tracker, tracker.target, given, this) : apply(usual, this, given);
    };
  /** What a handler is given of an element. */
  const handed = (tracker, value, index) =>
    typeof value === "object" && value !== null ? tracker.child(value, `${index}`) : value;
  /** What was written may now stand from this index on. */
  const mix = (tracker, from) => {
    if (tracker.from !== Infinity) tracker.touch(from);
  };
  const methods = {
    push: forStates(push, (tracker, target, given) => {
      for (let next = 0; next < given.length; next++) {
        const index = target.length;
        target[index] = given[next];
        tracker.write(index, given[next]);
      }
      return target.length;
    }),
    pop: forStates(pop, (tracker, target) => {
      const index = target.length - 1;
      return handed(tracker, apply(pop, target, []), index);
    }),
    shift: forStates(shift, (tracker, target) => {
      mix(tracker, Math.max(0, tracker.from - 1));
      return handed(tracker, apply(shift, target, []), 0);
    }),
    unshift: forStates(unshift, (tracker, target, given) => {
      mix(tracker, 0);
      apply(unshift, target, given);
      for (let index = 0; index < given.length; index++) tracker.write(index, given[index]);
      return target.length;
    }),
    splice: forStates(splice, (tracker, target, given) => {
      const start = Math.trunc(given[0]) || 0;
      const from = start < 0 ? Math.max(0, target.length + start) : Math.min(start, target.length);
      mix(tracker, from);
      const removed = apply(splice, target, given);
      for (let next = 2; next < given.length; next++) tracker.write(from + next - 2, given[next]);
      return removed.map((value, index) => handed(tracker, value, from + index));
    }),
    reverse: forStates(reverse, (tracker, target, given, proxy) => {
      mix(tracker, 0);
      apply(reverse, target, []);
      return proxy;
    }),
    sort: forStates(sort, (tracker, target, given, proxy) => {
      const elements = target.map((value, index) => handed(tracker, value, index));
      apply(sort, elements, given);
      mix(tracker, 0);
      for (let index = 0; index < elements.length; index++) {
        const value = elements[index];
        const own = typeof value === "object" && value !== null ? trackerOf(value) : null;
        // A proxy that was written here in this event is to be looked at; all others stand for elements.
        target[index] = own === null || tracker.fresh?.has(value) ? value : own.target;
      }
      return proxy;
    }),
  };
  return Object.setPrototypeOf(methods, null);
})();

/** Watches an object that stands at this place. */
function track(target, parent, name, depth) {
  return isArray(target) ? new ArrayTracker(target, parent, name, depth) : new Tracker(target, parent, name, depth);
}

/** Lets go of the trackers below one that is no longer used: they hold each other. */
function release(tracker) {
  if (tracker.children === undefined) return;
  for (const child of tracker.children.values()) {
    // It may stand below another one by now.
    if (child.parent !== tracker) continue;
    release(child);
    child.proxy = undefined;
  }
  tracker.children = undefined;
}

/** Puts a member, whatever its name. */
function put(target, name, value) {
  if (name === "__proto__") define(target, name, value);
  else target[name] = value;
}

/** What JSON makes of a value: undefined means that it is left out. */
function settled(value, name, depth) {
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? value : value.toWellFormed();
    case "boolean":
      return value;
    case "number":
      if (value - value === 0) return value === 0 ? 0 : value;
      metNotANumber = true;
      return null;
    case "bigint":
      return `${value}`;
    case "object":
      return value === null ? null : container(value, name, depth);
    default:
      return undefined;
  }
}

/** What JSON makes of an object. */
function container(value, name, depth) {
  const tracker = trackerOf(value);
  if (tracker !== null) return relocated(tracker, name, depth);
  if (typeof value.toJSON === "function") {
    const said = value.toJSON(`${name}`);
    if (typeof said !== "object" || said === null) return settled(said, name, depth);
    value = said;
  }
  if (getPrototypeOf(value) !== ObjectPrototype) {
    if (value instanceof Number) return settled(+value, name, depth);
    if (value instanceof String) return settled(`${value}`, name, depth);
    if (value instanceof Boolean) return value.valueOf();
  }
  return copied(value, depth);
}

/** A part of the state at another place: itself when it stands nowhere else any more, else a copy. */
function relocated(tracker, name, depth) {
  const { target } = tracker;
  if (isHeld(tracker) || tracker.robbedIn === epoch) return copied(target, depth);
  moved.add(target);
  hasMoved = true;
  if (depth === 1 && tracker.depth === 1) lifted.push(name, tracker);
  for (let above = tracker.parent; above !== null; above = above.parent) above.robbedIn = epoch;
  if (depth > tracker.depth) checkDepth(target, depth);
  return target;
}

/** Whether an object stands somewhere in the state: where it was found, or where it was moved to. */
function isHeld(tracker) {
  for (let at = tracker; ; at = at.parent) {
    if (hasMoved && moved.has(at.target)) return true;
    if (at.parent === null) return at.isGone !== true;
    const { target } = at.parent;
    // Elements move.
    if (target[at.name] !== at.target && !(isArray(target) && apply(includes, target, [at.target]))) return false;
  }
}

/** A copy as plain JSON. */
function copied(value, depth) {
  if (depth > MOST_NESTED) throw TOO_DEEP;
  if (isArray(value)) {
    const copy = [];
    for (let index = 0; index < value.length; index++) {
      const given = value[index];
      const said = typeof given === "object" && given !== null ? container(given, index, depth + 1) : settled(given, index, depth + 1);
      copy[index] = said === undefined ? null : said;
    }
    copyHoldsObjects = true;
    return copy;
  }
  const copy = {};
  const members = keysOf(value);
  let holdsObjects = false;
  for (let index = 0; index < members.length; index++) {
    const member = members[index];
    const given = value[member];
    let said = given;
    switch (typeof given) {
      case "string":
        if (!given.isWellFormed()) said = given.toWellFormed();
        break;
      case "boolean":
        break;
      case "object":
        if (given === null) break;
        said = container(given, member, depth + 1);
        holdsObjects = true;
        break;
      default:
        said = settled(given, member, depth + 1);
        if (said === undefined) continue;
    }
    if (said === undefined) continue;
    if (member === "__proto__") define(copy, member, said);
    else copy[member] = said;
  }
  copyHoldsObjects = holdsObjects;
  return copy;
}

/** Throws when something is nested too deep. */
function checkDepth(value, depth) {
  if (depth > MOST_NESTED) throw TOO_DEEP;
  for (const name of keysOf(value)) {
    const member = value[name];
    if (typeof member === "object" && member !== null) checkDepth(member, depth + 1);
  }
}

/**
 * What JSON makes of a value that a handler left here; null for a tracker and a name is the place of the whole state.
 * What is not part of it yet may hold the state itself.
 */
function settledAt(tracker, name, value, isPart = true) {
  let said;
  try {
    const depth = tracker === null ? 0 : tracker.depth + 1;
    said = typeof value === "object" && value !== null ? container(value, name ?? "", depth) : settled(value, name, depth);
  } catch (thrown) {
    if (thrown !== TOO_DEEP) throw thrown;
    const { names, objects } = placeOf(tracker, name);
    throw tooDeep(value, names, isPart ? objects : []) ?? new TypeError(`the state is nested too deep at ${pointer(names)}`);
  }
  if (metNotANumber) {
    metNotANumber = false;
    tellNotANumber(value, placeOf(tracker, name).names, 0);
  }
  return said;
}

/** The names that lead to a place, and the objects around it. */
function placeOf(tracker, name) {
  const names = name === null ? [] : [name];
  const objects = [];
  for (let at = tracker; at !== null; at = at.parent) {
    if (at.parent !== null) names.unshift(at.name);
    objects.unshift(at.target);
  }
  return { names, objects };
}

/** Why a state cannot be told that stands here, with these objects around it. */
function tooDeep(value, names, objects) {
  if (typeof value !== "object" || value === null) return null;
  const object = trackerOf(value)?.target ?? value;
  if (objects.includes(object)) return new TypeError(`the state contains itself at ${pointer(names)}`);
  if (names.length > MOST_NESTED) {
    return new TypeError(`the state is nested deeper than ${MOST_NESTED} levels, at ${pointer(names.slice(0, 5))}/…`);
  }
  for (const name of keysOf(object)) {
    const found = tooDeep(object[name], [...names, name], [...objects, object]);
    if (found !== null) return found;
  }
  return null;
}

/** Tells every number here that is none. */
function tellNotANumber(value, names, depth) {
  if (typeof value === "number" && value - value !== 0) native.notANumber(pointer(names));
  if (typeof value !== "object" || value === null || depth > MOST_NESTED) return;
  for (const name of keysOf(value)) tellNotANumber(value[name], [...names, name], depth + 1);
}

/** A path as a JSON pointer. */
function pointer(names) {
  return names.map((name) => `/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** Makes JSON of everything that was written in this event and still is part of a state. */
function settle() {
  if (dirty.length === 1 && !hasMoved && dirty[0].parent === null && dirty[0].isGone !== true) {
    const [tracker] = dirty;
    tracker.settle();
    if (dirty.length === 1) {
      tracker.clean();
      dirty.length = 0;
      if (hasMoved) forget();
      return;
    }
  }
  for (let again = true; again; ) {
    again = false;
    for (let next = 0; next < dirty.length; next++) {
      const tracker = dirty[next];
      if (tracker === null || !isHeld(tracker)) continue;
      dirty[next] = null;
      tracker.settle();
      tracker.clean();
      again = dirty.length > 1;
    }
  }
  forget();
}

/** Ends the looking at what was written. */
function forget() {
  for (let next = 0; next < dirty.length; next++) dirty[next]?.clean();
  dirty.length = 0;
  if (!hasMoved) return;
  hasMoved = false;
  moved.clear();
  lifted.length = 0;
  epoch++;
}

/** One state: `root` is the plain JSON, `handle` what handlers are given of it. */
class Entry {
  constructor() {
    this.root = undefined;
    this.handle = undefined;
    this.tracker = null;
    this.json = undefined;
    this.result = null;
  }

  /** Puts plain JSON that nothing else holds. */
  put(root, holdsObjects) {
    const before = this.tracker;
    this.root = root;
    this.tracker = null;
    this.handle = root;
    if (typeof root === "object" && root !== null) {
      const tracker = track(root, null, "", 0);
      // Reading through a tracker costs twice as much. What comes and goes in an array is not known by name.
      if (!holdsObjects && !isArray(root)) tracker.get = undefined;
      else if (lifted.length > 0) keepLifted(tracker);
      this.tracker = tracker;
      this.handle = new Proxy(root, tracker);
    }
    if (before !== null) release(before);
  }

  /** Takes what a handler returned for the state. */
  take(value) {
    if (this.tracker !== null) {
      if (overwrite(this.tracker, value)) return;
      this.tracker.isGone = true;
    }
    copyHoldsObjects = true;
    const said = settledAt(null, null, value);
    if (said === undefined) throw new TypeError(`a handler returned a ${typeof value} for the state`);
    this.put(said, copyHoldsObjects);
  }
}

/**
 * Writes the members of a plain object over those of a state that has the same ones, in the same order: most handlers
 * that return a new state return one like that, and nothing has to be made for it. Says whether it could be done.
 */
function overwrite(tracker, value) {
  const { target } = tracker;
  if (typeof value !== "object" || value === null || getPrototypeOf(value) !== ObjectPrototype) return false;
  if (isArray(target) || trackerOf(value) !== null || typeof value.toJSON === "function") return false;
  const members = keysOf(value);
  const own = keysOf(target);
  if (own.length > members.length) return false;
  for (let index = 0; index < own.length; index++) if (own[index] !== members[index]) return false;
  // Everything is read before anything is written.
  const values = [];
  for (let index = 0; index < members.length; index++) {
    const given = value[members[index]];
    let said = given;
    if (typeof given === "object" && given !== null) {
      const known = trackerOf(given);
      // It may stand there already.
      said = known !== null && known.parent === tracker && target[members[index]] === known.target ? known.target : settledAt(tracker, members[index], given, false);
      tracker.get = Tracker.prototype.get;
    } else if (!isPlain(given)) {
      said = settledAt(tracker, members[index], given);
      if (said === undefined) return false;
    }
    values[index] = said;
  }
  for (let index = 0; index < members.length; index++) put(target, members[index], values[index]);
  return true;
}

/** Keeps the trackers of objects that stand at the top of a new state as they did of the one before. */
function keepLifted(tracker) {
  const { target } = tracker;
  if (isArray(target)) return;
  const children = (tracker.children = new Map());
  for (let next = 0; next < lifted.length; next += 2) {
    const name = lifted[next];
    const child = lifted[next + 1];
    if (target[name] !== child.target) continue;
    child.parent = tracker;
    child.name = name;
    children.set(name, child);
  }
}

// The descriptor of a member must not let a part of the state out untracked.
for (const holder of [Object, Reflect]) {
  define(holder, "getOwnPropertyDescriptor", function (object, name) {
    const found = getOwnPropertyDescriptor(object, name);
    if (found !== undefined && typeof found.value === "object" && found.value !== null && trackerOf(object) !== null) found.value = object[name];
    return found;
  });
}
define(Object, "getOwnPropertyDescriptors", function (object) {
  const found = {};
  for (const name of ownKeys(Object(object))) put(found, name, Object.getOwnPropertyDescriptor(object, name));
  return found;
});
