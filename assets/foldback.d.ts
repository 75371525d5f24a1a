// What a projection may use in Foldback: the language of KurrentDB's projections, with facts of Kafka beside it.
//
// Put this file beside your projections and begin them with
//
//     /// <reference path="foldback.d.ts" />
//
// or name the types of your own states and events:
//
//     fromCategory<Order, OrderEvents>("order").foreachStream().when({ … })

/** JSON, which is all that a state can be. */
type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** The bodies of events by their types. */
type Bodies = { [type: string]: any };

/** An event as handlers are given it. It is valid during its own event and cannot be changed. */
interface ProjectionEvent<Body = any> {
  /** The stream: category, a dash, the entity's id. */
  readonly streamId: string;
  /** The type, as the topic's mapping finds it; "tombstone" for a null value. */
  readonly eventType: string;
  /** How many events of the stream came before this one. */
  readonly sequenceNumber: number;
  /** The value, if it is JSON; else null. */
  readonly body: Body;
  /** The same under its older name. */
  readonly data: Body;
  /** The value as text; null for a tombstone. */
  readonly bodyRaw: string | null;
  /** Whether the value is JSON. */
  readonly isJson: boolean;
  /** The record's headers; of several with the same name the last one. */
  readonly metadata: { readonly [name: string]: string | null | Bytes };
  /** The same as JSON text. */
  readonly metadataRaw: string;
  /** Always null: there are no links in Kafka. */
  readonly linkMetadata: null;
  readonly linkMetadataRaw: null;
  /** The record's address: "topic-partition@offset". */
  readonly eventId: string;
  /** The record's timestamp, such as "2026-11-23T10:15:00.000Z"; null where it has none. */
  readonly created: string | null;
  /** The category: what foldback.toml calls the entities of the topic, else the topic. */
  readonly category: string;
  /** The projection's partition; empty where all events share one state. Not the partition of the topic. */
  readonly partition: string;
  /** What Kafka knows of the record. */
  readonly kafka: KafkaRecord;
}

/** What Kafka knows of a record. */
interface KafkaRecord {
  readonly topic: string;
  readonly topicId: string | null;
  readonly partition: number;
  readonly offset: number;
  /** In milliseconds since 1970. */
  readonly timestamp: number | null;
  readonly timestampType: "create_time" | "log_append_time";
  readonly key: string | null | Bytes;
  /** In their order, duplicates included. */
  readonly headers: readonly (readonly [string, string | null | Bytes])[];
  readonly leaderEpoch: number | null;
  /** What became of the record's transaction. */
  readonly txn: "committed" | "aborted" | "open";
}

/** Bytes that are no text. */
interface Bytes {
  readonly base64: string;
}

/**
 * Applies an event. What is returned is the new state; returning nothing keeps the state with what was done to it;
 * returning null lets the next event begin anew.
 */
type Handler<State, Body = any> = (state: State, event: ProjectionEvent<Body>) => State | null | void;

/** Handlers with a meaning of their own. */
interface SpecialHandlers<State> {
  /** The first state of a partition; without it an empty object. */
  $init?: () => State;
  /** A second state that all partitions share: handlers are then given, and return, [state, shared]. */
  $initShared?: () => Json;
  /** Takes events of every type that has no handler of its own. */
  $any?: (state: State, event: ProjectionEvent) => any;
  /** Told the first event of a partition; what it returns is ignored, what it does to the state counts. */
  $created?: (state: State, event: ProjectionEvent) => void;
  /** Told that a stream was deleted, by a tombstone, with null for the event; needs foreachStream(). */
  $deleted?: (state: State, event: any, partition: string, isSoftDelete: boolean) => void;
}

/** Handlers of any types. */
interface AnyHandlers<State> extends SpecialHandlers<State> {
  [type: string]: ((state: State, event: ProjectionEvent, ...rest: any[]) => any) | undefined;
}

/** Handlers by the types of events. */
type Handlers<State, Of extends Bodies> = string extends keyof Of
  ? AnyHandlers<State>
  : SpecialHandlers<State> & { [Type in keyof Of]?: Handler<State, Of[Type]> };

/** What may follow when(). */
interface AfterWhen<State> {
  /** Makes the result of the state, or of what the transform before made of it. */
  transformBy<Result>(transform: (state: State) => Result): AfterTransform<Result>;
  /** Keeps the result only when this is strictly true; else it is null. */
  filterBy(filter: (state: State) => boolean): AfterTransform<State>;
  outputState(): AfterOutput<State>;
  /** Ends the chain; the pattern holds {0} for the partition. */
  outputTo(name: string, pattern?: string): void;
  $defines_state_transform(): void;
}

interface AfterTransform<State> {
  transformBy<Result>(transform: (state: State) => Result): AfterTransform<Result>;
  filterBy(filter: (state: State) => boolean): AfterTransform<State>;
  outputState(): AfterOutput<State>;
  outputTo(name: string, pattern?: string): void;
}

interface AfterOutput<State> {
  transformBy<Result>(transform: (state: State) => Result): AfterTransform<Result>;
  filterBy(filter: (state: State) => boolean): AfterTransform<State>;
  outputTo(name: string, pattern?: string): void;
}

interface AfterPartitioning<State, Of extends Bodies> {
  when(handlers: Handlers<State, Of>): AfterWhen<State>;
}

interface FromStream<State, Of extends Bodies> extends AfterPartitioning<State, Of> {
  /** Gives a state to each name that this returns; null and undefined skip the event. */
  partitionBy(by: (event: ProjectionEvent) => string | number | null | undefined): AfterPartitioning<State, Of>;
  outputState(): AfterOutput<State>;
}

interface FromCategory<State, Of extends Bodies> extends FromStream<State, Of> {
  /** Gives each stream, which is each entity, a state of its own. */
  foreachStream(): AfterPartitioning<State, Of>;
}

/** Takes the events of all topics. */
declare function fromAll<State = any, Of extends Bodies = Bodies>(): FromCategory<State, Of>;
/** Takes the events of a category, or of several; the name of a topic is good too. */
declare function fromCategory<State = any, Of extends Bodies = Bodies>(
  ...categories: string[] | [string[]]
): FromCategory<State, Of>;
declare function fromCategories<State = any, Of extends Bodies = Bodies>(
  ...categories: string[] | [string[]]
): FromCategory<State, Of>;
/** Takes the events of a stream, such as "order-17". */
declare function fromStream<State = any, Of extends Bodies = Bodies>(stream: string): FromStream<State, Of>;
declare function fromStreams<State = any, Of extends Bodies = Bodies>(
  ...streams: string[] | [string[]]
): FromStream<State, Of>;
/** Options for a server; here they mean nothing, but must be right. */
declare function options(options: {
  resultStreamName?: string;
  $includeLinks?: boolean;
  reorderEvents?: boolean;
  processingLag?: number;
  biState?: boolean;
}): void;
declare function on_event(type: string, handler: Handler<any>): void;
declare function on_any(handler: Handler<any>): void;

/** Emits an event into a stream that only this run sees. Only in handlers. */
declare function emit(stream: string, type: string, body: object, metadata?: object): void;
/** Emits a link to an event. Only in handlers. */
declare function linkTo(stream: string, event: { streamId: string; sequenceNumber: number }, metadata?: object): void;
/** Emits a link to a stream. Only in handlers. */
declare function linkStreamTo(stream: string, linkedStream: string): void;
/** Does nothing. Only in handlers. */
declare function copyTo(...anything: any[]): void;
/** Writes a line that is shown with its event. Only in handlers. */
declare function log(...things: any[]): void;
