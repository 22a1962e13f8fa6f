/**
 * The client of Alerta UTEC Realtime for browsers, and for Node with a WebSocket class given.
 *
 * `newFeed` decides which changes are new, `newMachine` when to connect, ask, send and give up, both
 * without I/O; `AlertaUtec` runs them over sockets and one timer. See docs/browser-client.md.
 */
export type Incident = {
    incidentId: string;
    seq: number;
    revision: number;
    [field: string]: any;
};
export type Filter = {
    urgency?: string[];
    status?: string[];
    type?: string[];
    location?: string[];
};
export type State = "stopped" | "connecting" | "syncing" | "live" | "waiting" | "refused";
export type Ack = {
    incidentId: string;
    seq: number;
    revision: number;
    duplicate: boolean;
};
export type Events = {
    reset: CustomEvent<{}>;
    incident: CustomEvent<{
        incident: Incident;
        position: string;
        recovered: boolean;
    }>;
    status: CustomEvent<{
        state: State;
        previous: State;
        attempt: number;
        retryAt: Date | null;
        reason: AlertaError | null;
        recovered: number | null;
    }>;
    error: CustomEvent<{
        error: AlertaError;
    }>;
};
export type Given<T> = T | (() => T | Promise<T>);
export type Options = {
    token?: Given<string | null>;
    lang?: "es" | "en";
    filter?: Filter;
    position?: string | null;
    WebSocket?: new (url: string, protocols: string[]) => any;
    maxQueue?: number;
    probe?: () => Promise<"ok" | "unauthorized">;
    timing?: Partial<typeof TIMING>;
    now?: () => number;
};
/** @typedef {{incidentId: string, seq: number, revision: number, [field: string]: any}} Incident */
/** @typedef {{urgency?: string[], status?: string[], type?: string[], location?: string[]}} Filter */
/** @typedef {"stopped" | "connecting" | "syncing" | "live" | "waiting" | "refused"} State */
/** @typedef {{incidentId: string, seq: number, revision: number, duplicate: boolean}} Ack */
/**
 * @typedef {{
 *   reset: CustomEvent<{}>,
 *   incident: CustomEvent<{incident: Incident, position: string, recovered: boolean}>,
 *   status: CustomEvent<{state: State, previous: State, attempt: number, retryAt: Date | null,
 *     reason: AlertaError | null, recovered: number | null}>,
 *   error: CustomEvent<{error: AlertaError}>,
 * }} Events
 */
/** @template T @typedef {T | (() => T | Promise<T>)} Given a value, or a function that returns it */
/**
 * @typedef {{token?: Given<string | null>, lang?: "es" | "en", filter?: Filter,
 *   position?: string | null, WebSocket?: new (url: string, protocols: string[]) => any,
 *   maxQueue?: number, probe?: () => Promise<"ok" | "unauthorized">,
 *   timing?: Partial<typeof TIMING>, now?: () => number}} Options
 */
declare const TIMING: {
    connect: number;
    send: number;
    sync: number;
    ping: number;
    idle: number[];
    heartbeats: number[];
    idleClose: number[];
    gap: number[];
    resync: number[];
    backoff: number[];
    stable: number;
    renew: number[];
    life: number;
    beat: number;
    slept: number;
};
/** `code` is the protocol's, or the client's own; `retryAfter` is in seconds. */
export declare class AlertaError extends Error {
    code: string;
    errors: {
        field: string;
        problem: string;
    }[];
    retryAfter: number | null;
    /**
     * @param {string} code @param {string} [message]
     * @param {{errors?: {field: string, problem: string}[], retryAfter?: number | null}} [more]
     */
    constructor(code: string, message?: string, { errors, retryAfter }?: {
        errors?: {
            field: string;
            problem: string;
        }[];
        retryAfter?: number | null;
    });
}
/** Return a random UUID, also outside of secure contexts. */
export declare function uuid(): string;
/** A client that follows the feed and sends: it loses no change, repeats none and stores none twice. */
export declare class AlertaUtec extends EventTarget {
    #private;
    /** @param {Given<string>} url of the WebSocket @param {Options} [options] */
    constructor(url: Given<string>, options?: Options);
    get state(): State;
    /** The position up to which every change was dispatched. */
    get position(): string | null;
    /** When the connection ends, if known; it is renewed before. */
    get expiresAt(): Date | null;
    /** The time since the service's last message, in ms; null without a connection. */
    get silenceMs(): number | null;
    start(): void;
    /** @param {string} [reason] */
    stop(reason?: string): void;
    /** Connect now without waiting, for instance with a new token. */
    reconnect(): void;
    /** Set the language of messages; this renews the connection. @param {"es" | "en"} lang */
    setLang(lang: "es" | "en"): void;
    /** Follow another part of the feed; a `reset` event comes first. @param {Filter} filter */
    setFilter(filter: Filter): Promise<void>;
    /**
     * Report an incident: it is sent until it is acknowledged, and stored once.
     * @param {object} incident @param {{idempotencyKey?: string}} [options] @returns {Promise<Ack>}
     */
    notify(incident: object, { idempotencyKey }?: {
        idempotencyKey?: string;
    }): Promise<Ack>;
    /**
     * Update an incident. With `revision` it is sent again if the connection breaks.
     * @param {string} incidentId
     * @param {{status?: string, urgency?: string, note?: string, revision?: number}} change
     * @returns {Promise<Ack>}
     */
    update(incidentId: string, change: {
        status?: string;
        urgency?: string;
        note?: string;
        revision?: number;
    }): Promise<Ack>;
    /**
     * @template {keyof Events} K @param {K} type
     * @param {((event: Events[K]) => void) | {handleEvent(event: Events[K]): void} | null} listener
     * @param {boolean | AddEventListenerOptions} [options] @override
     */
    addEventListener<K extends keyof Events>(type: K, listener: ((event: Events[K]) => void) | {
        handleEvent(event: Events[K]): void;
    } | null, options?: boolean | AddEventListenerOptions): void;
}
export {};
