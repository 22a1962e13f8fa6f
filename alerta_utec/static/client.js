/**
 * The client of Alerta UTEC Realtime for browsers, and for Node with a WebSocket class given.
 *
 * `newFeed` decides which changes are new, `newMachine` when to connect, ask, send and give up, both
 * without I/O; `AlertaUtec` runs them over sockets and one timer. See docs/browser-client.md.
 */

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

// In ms. From a pair a random value in between is taken, so that many clients do not act in step.
const TIMING = {
  connect: 15_000, // the token included
  send: 35_000, // a handler may take 29 s
  sync: 35_000,
  ping: 8_000,
  idle: [240_000, 300_000], // without a stated heartbeat, or where that does not count
  heartbeats: [1.1, 1.2], // the intervals without a message after which the client pings
  idleClose: [582_000, 690_000], // API Gateway closes an idle connection after 10 min
  gap: [2_000, 3_000],
  resync: [60_000, 90_000],
  backoff: [1_000, 30_000], // the first ceiling, and the last
  stable: 30_000,
  renew: [0.75, 0.95], // of the connection's life
  life: 7_200_000,
  beat: 20_000,
  slept: 100_000,
};
const AHEAD_MAX = 10_000;
const MESSAGE_MAX_BYTES = 32_768;
const QUERY_MAX = 3_500; // of the 4,096 characters of a URL
const PROTOCOLS = ["alerta.v2", "alerta.v1"]; // the preferred one first
const GOING_AWAY = 1001;
const OUR_FAULT = [1002, 1003, 1007, 1009]; // RFC 6455, section 7.4.1

/** `code` is the protocol's, or the client's own; `retryAfter` is in seconds. */
export class AlertaError extends Error {
  /**
   * @param {string} code @param {string} [message]
   * @param {{errors?: {field: string, problem: string}[], retryAfter?: number | null}} [more]
   */
  constructor(code, message = code, { errors = [], retryAfter = null } = {}) {
    super(message);
    this.name = "AlertaError";
    this.code = code;
    this.errors = errors;
    this.retryAfter = retryAfter;
  }
}

/** Return a random UUID, also outside of secure contexts. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Return the position of `seq` in the epoch of another. @param {unknown} position @param {number} seq */
const placed = (position, seq) => String(position).replace(/\d+$/, String(seq));

/** Parse a position; the result of a malformed one has no epoch. @param {unknown} text */
function parsePosition(text) {
  const [, epoch, seq] = /^(\w+):(\d{1,15})$/.exec(String(text)) ?? [];
  return { epoch, seq: Number(seq ?? 0) };
}

/**
 * Create a position in the feed that updates and pages advance, in any order. It remembers only the
 * changes ahead of the position: the others are known by their seq.
 * @internal @param {string | null} from
 */
export function newFeed(from) {
  let { epoch = "", seq: floor } = parsePosition(from);
  let whole = epoch !== ""; // no change is missing up to the floor
  let head = 0; // the highest seq that is known to exist
  /** @type {Set<number>} */
  const ahead = new Set();
  /** @type {Map<string, number>} the latest seq of each incident ahead */
  const latest = new Map();

  /** @param {Incident} incident */
  function isNews({ incidentId, seq }) {
    const known = latest.get(incidentId) ?? 0;
    // In a snapshot, changes before its position are new as well.
    if (seq <= floor) return !whole && !known;
    head = Math.max(head, seq);
    ahead.add(seq);
    latest.set(incidentId, Math.max(known, seq));
    closeUp();
    return seq > known;
  }

  /** Advance the position over the changes that follow it without a gap. */
  function closeUp() {
    while (whole && ahead.delete(floor + 1)) floor += 1;
    if (!ahead.size) latest.clear();
  }

  const feed = {
    /** Whether a change was dropped that only a sync can recover. */
    stale: false,
    /** The highest contiguous position; null until a snapshot is whole. */
    get position() {
      return whole ? `${epoch}:${floor}` : null;
    },
    get gap() {
      return whole && (feed.stale || head > floor);
    },
    /** Start over, as for another view. */
    forget() {
      epoch = "";
      whole = false;
    },
    /** Record that the feed has reached this position. @param {unknown} position */
    reached(position) {
      const at = parsePosition(position);
      if (at.epoch !== epoch) feed.stale = true;
      else head = Math.max(head, at.seq);
    },
    /** Take a broadcast; return whether it is new. @param {unknown} position @param {Incident} incident */
    update(position, incident) {
      const placed = parsePosition(position).epoch === epoch && latest.size < AHEAD_MAX;
      if (!placed) feed.stale = true;
      return placed && incident.seq > floor && isNews(incident);
    },
    /**
     * Take a page of a sync, of which the last has the position to adopt. Return the new incidents,
     * or undefined if the page is from another feed.
     * @param {unknown} position @param {Incident[]} incidents @param {boolean} reset
     * @param {boolean} last
     */
    page(position, incidents, reset, last) {
      const at = parsePosition(position);
      if (reset && at.epoch) {
        ({ epoch, seq: floor } = at);
        feed.stale ||= head > floor;
        head = floor;
        whole = false;
        ahead.clear();
        latest.clear();
      }
      if (at.epoch !== epoch) return;
      const news = incidents.filter(isNews);
      if (last) {
        floor = Math.max(floor, at.seq);
        whole = true;
        for (const seq of ahead) if (seq <= floor) ahead.delete(seq);
        closeUp();
      }
      return news;
    },
  };
  return feed;
}

/** A connection, as the machine sees it; the shell keeps its socket here. */
class Link {
  open = false;
  caughtUp = false;
  pinged = false;
  openedAt = 0;
  activeAt = 0; // the service's last message
  sentAt = 0; // the client's last message
  renewAt = Infinity;
  expiresAt = "";
  heartbeat = 0; // its interval in ms, once it is known
  /** @type {any} */
  socket = null;

  /** @param {Filter} filter @param {number} openBy @param {number} idle */
  constructor(filter, openBy, idle) {
    this.filter = filter;
    this.openBy = openBy;
    this.idle = idle;
    this.silence = idle; // after which to ping
  }
}

/**
 * Create the state machine that keeps one caught-up connection, and two while one replaces the other.
 * Report to it what happened, then call `decide`.
 * @internal
 * @param {ReturnType<typeof newFeed>} feed @param {Filter} filter @param {typeof TIMING} timing
 * @param {{now(): number, random(): number, open(link: Link): void, close(link: Link): void,
 *   send(link: Link, text: string): void, emit(type: keyof Events, detail: any): void}} io
 */
export function newMachine(feed, filter, timing, io) {
  /**
   * A message to send; `again`: it can be sent twice; `filter`: what it subscribes to.
   * @typedef {{message: object, again: boolean, filter?: Filter, repeated?: boolean,
   *   resolve(ack: any): void, reject(error: AlertaError): void}} Item
   */
  /**
   * A message without an answer yet; for a sync also its start and how much it has recovered.
   * @typedef {{id: string, kind: "ping" | "sync" | "send", link: Link, by: number, item?: Item,
   *   since?: string | null, recovered?: number | null}} Request
   */

  /** @type {Set<Link>} of which only the newest is asked anything */
  const links = new Set();
  /** @type {Map<string, Request>} */
  const requests = new Map();
  /** @type {Item[]} */
  const outbox = [];
  /** @type {State} */
  let state = "stopped";
  let running = false;
  let keepsItselfOpen = false; // a connection was closed as idle although it had heartbeats
  /** @type {AlertaError | null} why nothing is tried any more */
  let refusal = null;
  /** @type {AlertaError | null} why there is no connection */
  let reason = null;
  let ids = 0, failures = 0, busy = 0, gapBackoff = 1;
  let connectAt = 0, pausedTill = 0, syncedAt = 0, gapAt = Infinity, wakeAt = Infinity;
  let decidedAt = io.now();
  /** @type {number | null} */
  let recovered = null;
  /** @type {string | null} the position at which the watched gap begins */
  let gapStart = null;

  const newest = () => [...links].filter((link) => link.open).pop();
  const filtered = () => Object.values(filter).some((values) => values?.length);
  /** @param {number[]} range */
  const between = ([low, high]) => low + io.random() * (high - low);
  /** Return a wait with full jitter. @param {number} times */
  const backoff = (times) =>
    io.random() * Math.min(timing.backoff[1], timing.backoff[0] * 2 ** Math.min(times, 20));
  /** @param {Request["kind"]} kind */
  const asked = (kind) => [...requests.values()].find((request) => request.kind === kind);
  /** @param {AlertaError} error */
  const fault = (error) => io.emit("error", { error });

  /**
   * @param {Link} link @param {Request["kind"]} kind @param {object} message
   * @param {Partial<Request>} [more]
   */
  function ask(link, kind, message, more) {
    const id = String(++ids);
    link.sentAt = io.now();
    requests.set(id, { id, kind, link, by: link.sentAt + timing[kind], ...more });
    io.send(link, JSON.stringify({ action: kind, ...message, requestId: id }));
    return true;
  }

  function endSync() {
    const request = asked("sync");
    if (request) requests.delete(request.id);
  }

  /** Fail the requests on a connection: they get no answer now. @param {Link} link @param {AlertaError} [error] */
  function forget(link, error) {
    links.delete(link);
    for (const [id, { item, link: over }] of requests) {
      if (over !== link) continue;
      requests.delete(id);
      if (item && (error || !item.again)) item.reject(error ?? new AlertaError("unknown_outcome"));
      else if (item) outbox.unshift(Object.assign(item, { repeated: true }));
    }
  }

  /** @param {Link} link */
  function leave(link) {
    forget(link);
    io.close(link);
  }

  /** Abandon a connection that is of no use. @param {Link} link @param {AlertaError} error */
  function drop(link, error) {
    closed(link, error);
    io.close(link);
  }

  /** Connect now, replacing the open connection. */
  function reconnect() {
    running = true;
    refusal = null;
    failures = 0;
    connectAt = io.now();
    for (const link of links) {
      if (link.open) link.renewAt = connectAt;
      else leave(link);
    }
  }

  /** @param {string} [message] */
  function stop(message) {
    running = false;
    reason = new AlertaError("stopped", message);
    for (const link of links) leave(link);
    for (const item of outbox.splice(0)) item.reject(reason);
  }

  /** Check the connection: the network is back, or the page is visible again. */
  function check() {
    const link = newest();
    connectAt = Math.min(connectAt, io.now());
    if (link && !asked("ping")) ask(link, "ping", {});
  }

  /** @param {Link} link */
  function opened(link) {
    if (!links.has(link)) return;
    link.open = true;
    link.openBy = Infinity;
    link.openedAt = link.activeAt = link.sentAt = io.now();
    endSync(); // the new connection requests the same changes
  }

  /** @param {Link} link @param {AlertaError} error @param {number} [code] of the WebSocket */
  function closed(link, error, code = 0) {
    if (!links.has(link)) return;
    const ours = OUR_FAULT.includes(code);
    const replaced = link.open && link !== newest();
    const [low, high] = timing.idleClose;
    const idle = io.now() - link.sentAt;
    if (link.open && code === GOING_AWAY && low <= idle && idle <= high) keepsItselfOpen = true;
    forget(link, ours ? error : undefined);
    if (ours || !["unreachable", "disconnected", "timeout"].includes(error.code)) fault(error);
    if (!link.open && error.code === "unauthorized") refusal = error;
    if (link.caughtUp && io.now() - link.openedAt >= timing.stable) failures = 0;
    if (replaced) return;
    reason = error;
    connectAt = io.now() + backoff(ours ? Infinity : failures);
    failures += 1;
  }

  /** @param {Link} link @param {any} frame */
  function received(link, frame) {
    if (!links.has(link)) return;
    link.activeAt = io.now();
    if (frame?.type === "incident_update") return update(frame);
    if (frame?.type === "incident_updates") return updates(frame);
    if (frame?.type === "position") return heartbeat(link, frame);
    const failed = frame?.type === "error" || (!frame?.type && frame?.message);
    let request = requests.get(frame?.requestId);
    // The service could not parse it, or API Gateway answers by itself with an id of its own.
    if (failed) request ??= [asked("send"), asked("sync"), asked("ping")].find((one) => one?.link === link);
    if (request) requests.delete(request.id);
    if (failed) refused(request, new AlertaError(frame.code ?? "unavailable", frame.message, frame));
    else if (!frame?.type) fault(new AlertaError("not_understood"));
    else if (request?.kind === "ping") pong(link, frame);
    else if (request?.kind === "sync") page(request, frame);
    else if (request?.item) acked(link, request.item, frame);
  }

  /** @param {any} frame */
  function update({ incident, position }) {
    if (!isIncident(incident)) fault(new AlertaError("not_understood"));
    else if (feed.update(position, incident)) {
      io.emit("incident", { incident, position, recovered: false });
    }
  }

  /** Take the changes of one frame, whose position is that of the last. @param {any} frame */
  function updates({ incidents, position }) {
    if (!incidents?.every?.(isIncident)) return fault(new AlertaError("not_understood"));
    for (const incident of incidents) update({ incident, position: placed(position, incident.seq) });
  }

  /** Take the service's sign of life: it tells what exists, and is no position to adopt. @param {Link} link @param {any} frame */
  function heartbeat(link, { position }) {
    // Before that, a sync is on its way anyway.
    if (link.caughtUp) feed.reached(position);
  }

  /** @param {Request} request @param {any} frame */
  function page({ link, since, recovered: before }, { position, incidents, reset, more, cursor }) {
    const news = incidents?.every?.(isIncident) && feed.page(position, incidents, reset, !cursor);
    if (!news) return drop(link, new AlertaError("not_understood"));
    if (reset) io.emit("reset", {});
    for (const incident of news) {
      io.emit("incident", { incident, position: placed(position, incident.seq), recovered: true });
    }
    const count = reset || before == null ? null : before + news.length;
    busy = 0;
    if (more || cursor) {
      ask(link, "sync", { since: feed.position, cursor }, { since, recovered: count });
    } else {
      gapBackoff = feed.gap && feed.position === since ? Math.min(gapBackoff * 2, 16) : 1;
      gapAt = Infinity;
      syncedAt = io.now();
      recovered = count;
      link.caughtUp = true;
    }
  }

  /** @param {Link} link @param {any} frame */
  function pong(link, { position, expiresAt, heartbeatSeconds, restored }) {
    if (heartbeatSeconds > 0 && !link.heartbeat) {
      link.heartbeat = 1000 * heartbeatSeconds;
      link.silence = Math.min(link.heartbeat * between(timing.heartbeats), timing.idleClose[0]);
    }
    // The service has lost what the handshake said.
    if (restored) link.renewAt = Math.min(link.renewAt, io.now() + io.random() * timing.backoff[1]);
    feed.reached(position);
    watchGap();
    if (filtered() && feed.gap) gapAt = Math.min(gapAt, syncedAt + between(timing.resync));
    if (link.expiresAt) return;
    link.expiresAt = expiresAt;
    const left = Date.parse(expiresAt) - io.now();
    // If the clock here is further off than that, only the age counts.
    const life = left > 0 && left < timing.life ? left : timing.life;
    const at = io.now() + life * between(timing.renew);
    link.renewAt = Math.min(link.renewAt, Math.max(at, link.openedAt + timing.stable));
  }

  /** @param {Link} link @param {Item} item @param {any} frame */
  function acked(link, item, frame) {
    busy = 0;
    if (item.filter && link !== newest()) return outbox.unshift(item);
    item.resolve(frame);
    if (!item.filter) return;
    filter = item.filter;
    feed.forget();
    link.caughtUp = false;
    for (const other of links) if (other !== link) leave(other);
  }

  /** @param {Request | undefined} request @param {AlertaError} error */
  function refused(request, error) {
    const { item, link, kind } = request ?? {};
    const { code } = error;
    const expired = code === "unauthorized";
    if (!item) fault(error);
    else if (expired || code === "rate_limited" || (code === "unavailable" && item.again)) {
      outbox.unshift(item);
    } else {
      const unknown = code === "conflict" && item.repeated; // maybe caused by its own first attempt
      return item.reject(unknown ? new AlertaError("unknown_outcome") : error);
    }
    if (kind === "sync" && code === "invalid_request") feed.forget();
    if (link && expired) drop(link, error);
    else if (request && kind !== "ping") {
      pausedTill = io.now() + Math.max(1000 * (error.retryAfter ?? 0), backoff(busy++));
    }
  }

  /** Return whether the time has come; otherwise wake up then. @param {number} at */
  function due(at) {
    if (at <= io.now()) return true;
    wakeAt = Math.min(wakeAt, at);
    return false;
  }

  function expire() {
    const current = newest();
    for (const link of links) {
      const over = [...requests.values()].filter((request) => request.link === link);
      const replaced = link.open && link !== current && current?.caughtUp;
      const late = due(Math.min(link.openBy, ...over.map(({ by }) => by)));
      if (late) drop(link, new AlertaError("timeout"));
      // Messages that the program sent over it still get their answers.
      else if (replaced && !over.some(({ item }) => item)) leave(link);
      else continue;
      return true;
    }
    return false;
  }

  function connect() {
    const at = Math.max(connectAt, newest()?.renewAt ?? 0);
    if (refusal || [...links].some((link) => !link.open) || !due(at)) return false;
    const link = new Link(filter, io.now() + timing.connect, between(timing.idle));
    links.add(link);
    io.open(link);
    return true;
  }

  /** Send one message at a time, so that they keep their order on AWS too. */
  function send() {
    const link = newest();
    if (!link || !outbox.length || asked("send") || !due(pausedTill)) return false;
    const item = /** @type {Item} */ (outbox.shift());
    if (item.filter) endSync(); // a page of one view must not move the position in another
    return ask(link, "send", item.message, { item });
  }

  function sync() {
    const link = newest();
    const since = feed.position;
    if (!link || asked("sync") || asked("send")?.item?.filter) return false;
    watchGap();
    if (!due(Math.max(pausedTill, link.caughtUp && since ? gapAt : 0))) return false;
    feed.stale = false;
    return ask(link, "sync", { since }, { since, recovered: since ? 0 : null });
  }

  function ping() {
    const link = newest();
    if (!link || asked("ping")) return false;
    // The first pong says when the connection will end.
    const first = link.caughtUp && !link.pinged;
    const own = keepsItselfOpen ? link.sentAt + link.idle : Infinity;
    if (!first && !due(Math.min(link.activeAt + link.silence, own))) return false;
    link.pinged = true;
    return ask(link, "ping", {});
  }

  /** Wait some time for a gap in the feed to close, then request it. */
  function watchGap() {
    const moved = feed.position !== gapStart;
    gapStart = feed.position;
    if (!feed.gap) [gapAt, gapBackoff] = [Infinity, 1];
    else if (feed.stale) gapAt = 0;
    else if (moved || gapAt === Infinity) {
      // With a filter gaps are normal, but one of them may be a loss. A heartbeat shows it to all
      // clients at the same moment, so their waits are spread over its interval.
      const [low, high] = timing.idle;
      const slow = [low, Math.max(high, newest()?.heartbeat ?? 0)];
      gapAt = io.now() + gapBackoff * between(filtered() ? slow : timing.gap);
    }
  }

  function emitState() {
    const previous = state;
    if (!running) state = "stopped";
    else if ([...links].some((link) => link.caughtUp)) state = "live";
    else if (newest()) state = "syncing";
    else if (refusal) state = "refused";
    else state = links.size ? "connecting" : "waiting";
    if (state === previous) return;
    const live = state === "live";
    if (live) reason = null;
    const retryAt = state === "waiting" ? new Date(connectAt) : null;
    const attempt = failures;
    io.emit("status", { state, previous, attempt, retryAt, reason, recovered: live ? recovered : null });
  }

  /** Do everything that is due; return the number of ms until the next step. */
  function decide() {
    const now = io.now();
    if (now - decidedAt > timing.slept) {
      // An answer that looks overdue may have arrived and wait to be read.
      for (const request of requests.values()) request.by = Math.max(request.by, now + timing.ping);
      check();
    }
    decidedAt = now;
    do wakeAt = now + timing.beat;
    while (running && (expire() || connect() || send() || sync() || ping()));
    emitState();
    return running ? wakeAt - now : Infinity;
  }

  return {
    links, outbox, requests, reconnect, stop, check, opened, closed, received, decide,
    start: () => running || reconnect(),
    state: () => state,
    position: () => feed.position,
    expiresAt: () => newest()?.expiresAt,
    silenceMs: () => {
      const link = newest();
      return link ? io.now() - link.activeAt : null;
    },
  };
}

/** @param {any} value @returns {value is Incident} */
const isIncident = (value) => typeof value?.incidentId === "string" && Number.isSafeInteger(value.seq);

/** Encode a filter for a URL. @param {Record<string, string[]>} filter */
function query(filter) {
  const pairs = Object.entries(filter).flatMap(([field, values = []]) =>
    values.map((value) => `${field}=${encodeURIComponent(value)}`),
  );
  if (pairs.join().length > QUERY_MAX) throw new AlertaError("too_large", "filter");
  return pairs.join("&");
}

/** @template T @param {Given<T>} value @returns {Promise<T>} */
const given = async (value) => (value instanceof Function ? value() : value);

/** @param {unknown} data */
function parse(data) {
  try {
    return JSON.parse(String(data));
  } catch {
    return null;
  }
}

/** A client that follows the feed and sends: it loses no change, repeats none and stores none twice. */
export class AlertaUtec extends EventTarget {
  #url;
  #options;
  #machine;
  #position;
  /** @type {CustomEvent[]} */
  #events = [];
  #dispatching = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Given<string>} url of the WebSocket @param {Options} [options] */
  constructor(url, options = {}) {
    super();
    const { filter = {}, position = null, timing, now = Date.now } = options;
    if (position && !parsePosition(position).epoch) throw new TypeError(`position: ${position}`);
    query(filter);
    this.#url = url;
    this.#options = { WebSocket: globalThis.WebSocket, maxQueue: 100, ...options };
    this.#position = position;
    let wall = now();
    let time = wall;
    this.#machine = newMachine(newFeed(position), filter, { ...TIMING, ...timing }, {
      // Counts time asleep, and never goes back when the clock is set.
      now() {
        const before = wall;
        wall = now();
        return (time += Math.max(0, wall - before));
      },
      random: Math.random,
      open: (link) => void this.#open(link),
      close: (link) => link.socket?.close(1000),
      send: (link, text) => link.socket.send(text),
      emit: (type, detail) => void this.#events.push(new CustomEvent(type, { detail })),
    });
  }

  get state() {
    return this.#machine.state();
  }

  /** The position up to which every change was dispatched. */
  get position() {
    return this.#position;
  }

  /** When the connection ends, if known; it is renewed before. */
  get expiresAt() {
    const text = this.#machine.expiresAt();
    return text ? new Date(text) : null;
  }

  /** The time since the service's last message, in ms; null without a connection. */
  get silenceMs() {
    return this.#machine.silenceMs();
  }

  start() {
    this.#listen("addEventListener");
    this.#run((machine) => machine.start());
  }

  /** @param {string} [reason] */
  stop(reason) {
    this.#listen("removeEventListener");
    this.#run((machine) => machine.stop(reason));
  }

  /** Connect now without waiting, for instance with a new token. */
  reconnect() {
    this.#listen("addEventListener");
    this.#run((machine) => machine.reconnect());
  }

  /** Set the language of messages; this renews the connection. @param {"es" | "en"} lang */
  setLang(lang) {
    this.#options.lang = lang;
    if (this.state !== "stopped") this.reconnect();
  }

  /** Follow another part of the feed; a `reset` event comes first. @param {Filter} filter */
  async setFilter(filter) {
    query(filter);
    await this.#enqueue({ action: "subscribe", filter }, true, filter);
  }

  /**
   * Report an incident: it is sent until it is acknowledged, and stored once.
   * @param {object} incident @param {{idempotencyKey?: string}} [options] @returns {Promise<Ack>}
   */
  notify(incident, { idempotencyKey = uuid() } = {}) {
    return this.#enqueue({ action: "notify", incident, idempotencyKey }, true);
  }

  /**
   * Update an incident. With `revision` it is sent again if the connection breaks.
   * @param {string} incidentId
   * @param {{status?: string, urgency?: string, note?: string, revision?: number}} change
   * @returns {Promise<Ack>}
   */
  update(incidentId, change) {
    return this.#enqueue({ action: "update", incidentId, ...change }, change.revision !== undefined);
  }

  /**
   * @template {keyof Events} K @param {K} type
   * @param {((event: Events[K]) => void) | {handleEvent(event: Events[K]): void} | null} listener
   * @param {boolean | AddEventListenerOptions} [options] @override
   */
  addEventListener(type, listener, options) {
    super.addEventListener(type, /** @type {EventListener | null} */ (listener), options);
  }

  /** @param {object} message @param {boolean} again @param {Filter} [filter] */
  async #enqueue(message, again, filter) {
    const { outbox } = this.#machine;
    const text = JSON.stringify(message);
    const size = new TextEncoder().encode(text).length + 100; // with its requestId
    if (size > MESSAGE_MAX_BYTES) throw new AlertaError("too_large");
    if (this.state === "stopped") throw new AlertaError("stopped");
    if (outbox.length >= this.#options.maxQueue) throw new AlertaError("queue_full");
    const { incidentId, seq, revision, duplicate } = await new Promise((resolve, reject) => {
      const item = { message: JSON.parse(text), again, filter, resolve, reject };
      this.#run(() => outbox.push(item));
    });
    return { incidentId, seq, revision, duplicate };
  }

  /** @param {"addEventListener" | "removeEventListener"} how */
  #listen(how) {
    for (const type of ["online", "offline"]) globalThis[how]?.(type, this.#check);
    globalThis.document?.[how]("visibilitychange", this.#check);
  }

  /** @param {Event} event */
  #check = ({ type }) => {
    if (type !== "visibilitychange" || !document.hidden) this.#run((machine) => machine.check());
  };

  /** @param {(machine: ReturnType<typeof newMachine>) => void} act */
  #run(act) {
    const machine = this.#machine;
    act(machine);
    const wait = machine.decide();
    clearTimeout(this.#timer);
    if (wait < Infinity) this.#timer = setTimeout(() => this.#run(() => {}), wait);
    if (this.#dispatching) return;
    this.#dispatching = true;
    for (let event; (event = this.#events.shift()); ) {
      // Not before: a page is complete only with its last incident.
      if (this.#events[0]?.type !== "incident") this.#position = machine.position();
      else if (event.type === "reset") this.#position = null;
      this.dispatchEvent(event);
    }
    this.#dispatching = false;
    this.#position = machine.position();
  }

  /** @param {Link} link */
  async #open(link) {
    const { links } = this.#machine;
    const { lang, probe, token, WebSocket } = this.#options;
    /** @type {(error: AlertaError, code?: number) => void} */
    const closed = (error, code) => this.#run((machine) => machine.closed(link, error, code));
    try {
      await null; // not within the machine's step
      const url = await given(this.#url);
      const bearer = await given(token);
      if (!links.has(link)) return;
      const search = query({ ...(lang && { lang: [lang] }), ...link.filter });
      const address = url + (search && (url.includes("?") ? "&" : "?")) + search;
      const socket = new WebSocket(address, [...PROTOCOLS, ...(bearer ? [`bearer.${bearer}`] : [])]);
      let hint = "";
      link.socket = socket;
      socket.onopen = () => this.#run((machine) => machine.opened(link));
      socket.onmessage = (/** @type {MessageEvent} */ { data }) =>
        this.#run((machine) => machine.received(link, parse(data)));
      socket.onerror = (/** @type {ErrorEvent} */ { message = "" }) => (hint = message);
      socket.onclose = async (/** @type {CloseEvent} */ { code, reason }) => {
        const text = `${code} ${reason || hint}`.trim();
        if (!links.has(link)) return;
        if (link.open) return closed(new AlertaError("disconnected", text), code);
        // Browsers hide the status of a handshake; ws reports it.
        const refused = / 401$/.test(hint) || (await probe?.().catch(() => "")) === "unauthorized";
        closed(new AlertaError(refused ? "unauthorized" : "unreachable", text));
      };
    } catch (error) {
      closed(error instanceof AlertaError ? error : new AlertaError("connect_failed", String(error)));
    }
  }
}
