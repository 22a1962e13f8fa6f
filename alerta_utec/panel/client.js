/**
 * The client of Alerta UTEC Realtime for browsers, and for Node with a WebSocket class given.
 *
 * `Feed` knows which changes are news, `Machine` when to connect, ask, send and give up; neither
 * does I/O. `AlertaUtec` runs them over sockets and one timer. Waits are in milliseconds.
 */

/** @typedef {{incidentId: string, seq: number, revision: number, [field: string]: any}} Incident */
/** @typedef {{urgency?: string[], status?: string[], type?: string[], location?: string[]}} Filter */
/** @typedef {"stopped" | "connecting" | "syncing" | "live" | "waiting" | "refused"} State */
/** @typedef {{incidentId: string, seq: number, revision: number, duplicate: boolean}} Ack */
/** @typedef {{epoch: string, seq: number}} Position */
/**
 * @typedef {{
 *   reset: CustomEvent<{}>,
 *   incident: CustomEvent<{incident: Incident, position: string, recovered: boolean}>,
 *   status: CustomEvent<{state: State, previous: State, attempt: number, retryAt: Date | null,
 *     reason: AlertaError | null, recovered: number | null}>,
 *   error: CustomEvent<{error: AlertaError}>,
 * }} Events
 */
/**
 * @typedef {object} Options
 * @property {Given<string | null>} [token] asked anew at each connection
 * @property {"es" | "en"} [lang]
 * @property {Filter} [filter]
 * @property {string | null} [position] resume here: only with the state that belongs to it
 * @property {new (url: string, protocols: string[]) => any} [WebSocket]
 * @property {number} [maxQueue] sends that may wait at once
 * @property {() => Promise<"ok" | "unauthorized">} [probe] tells why a handshake has failed
 * @property {Partial<typeof TIMING>} [timing]
 * @property {() => number} [now] the time of day
 */
/** @template T @typedef {T | (() => T | Promise<T>)} Given */

// Of pairs, one in between is drawn: many clients must not act in step.
const TIMING = {
  connect: 15_000, // from asking for the token to an open socket
  answer: 35_000, // a handler may take 29 s
  pong: 10_000,
  check: 5_000, // for a pong after waking up
  idle: [240_000, 300_000], // silence before a ping; API Gateway cuts after 10 min
  gap: [2_000, 3_000], // a missing change may be on its way
  resync: [60_000, 90_000], // with a filter, between looks for what is missing
  backoff: [1_000, 30_000], // ceilings: the first, the last
  stable: 30_000, // after a connection that lasts so long, ceilings start again
  renew: [0.75, 0.95], // of a connection's life
  renewAfter: 20_000, // not before
  life: 7_200_000, // no connection lives longer
  beat: 20_000, // how often the clock is looked at, and what it shows after sleep
  slept: 100_000,
};
const AHEAD_MAX = 10_000;
const MESSAGE_MAX_BYTES = 32_768;
const QUERY_MAX = 3_500; // of the 4,096 characters of a URL
const OUR_FAULT = [1002, 1003, 1007, 1009]; // RFC 6455, section 7.4.1
const NOWHERE = { epoch: "", seq: 0 };

/** What went wrong: `code` is the protocol's, or the client's own; `retryAfter` is in seconds. */
export class AlertaError extends Error {
  /**
   * @param {string} code
   * @param {string} [message]
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

/** A random UUID, also outside of secure contexts. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** @param {unknown} text @returns {Position | null} */
function parsePosition(text) {
  const match = /^(\w+):(\d{1,15})$/.exec(String(text));
  return match && { epoch: match[1], seq: Number(match[2]) };
}

/**
 * A place in the feed, fed with updates and pages in whatever order they come.
 *
 * Only what runs ahead of the position is remembered: anything else is old by its seq.
 * @internal
 */
export class Feed {
  /** Something was let pass that only a sync will bring. */
  stale = false;
  #floor; // up to here nothing is missing, once it is whole
  #whole;
  #head = 0; // is known to exist
  /** @type {Set<number>} */
  #ahead = new Set();
  /** @type {Map<string, number>} the latest seq of each incident ahead */
  #told = new Map();

  /** @param {Position | null} position */
  constructor(position) {
    this.#floor = position ?? NOWHERE;
    this.#whole = position !== null;
  }

  /** The highest contiguous position; none before a snapshot is whole. */
  get position() {
    return this.#whole ? `${this.#floor.epoch}:${this.#floor.seq}` : null;
  }

  get gap() {
    return this.#whole && (this.stale || this.#head > this.#floor.seq);
  }

  /** Begin anew, as for another view. */
  forget() {
    this.#floor = NOWHERE;
    this.#whole = false;
  }

  /** The feed has come to a position: is it ahead? @param {Position} position */
  reached({ epoch, seq }) {
    if (epoch !== this.#floor.epoch) {
      this.stale = true;
      return false;
    }
    this.#head = Math.max(this.#head, seq);
    return seq > this.#floor.seq;
  }

  /** A broadcast: is it news? @param {Incident} incident @param {Position} position */
  update(incident, position) {
    if (!this.reached(position)) return false;
    if (this.#told.size < AHEAD_MAX) return this.#isNews(incident.incidentId, position.seq);
    this.stale = true;
    return false;
  }

  /**
   * The next page of a sync: what of it is news? None where it is of another feed.
   * @param {Position} position
   * @param {Incident[]} incidents
   * @param {boolean} reset
   * @param {boolean} last the position is to be adopted
   */
  page(position, incidents, reset, last) {
    if (reset) {
      this.stale ||= this.#head > position.seq;
      this.#floor = position;
      this.#whole = false;
      this.#head = position.seq;
      this.#ahead.clear();
      this.#told.clear();
    }
    if (position.epoch !== this.#floor.epoch) return null;
    const news = incidents.filter(
      // In a snapshot, what is older than its position is news too.
      ({ incidentId, seq }) =>
        (!this.#whole || seq > this.#floor.seq) && this.#isNews(incidentId, seq),
    );
    if (last) {
      if (position.seq > this.#floor.seq) this.#floor = position;
      this.#whole = true;
      for (const seq of this.#ahead) if (seq <= this.#floor.seq) this.#ahead.delete(seq);
      this.#closeUp();
    }
    return news;
  }

  /** @param {string} id @param {number} seq */
  #isNews(id, seq) {
    const known = this.#told.get(id) ?? 0;
    if (seq > this.#floor.seq) {
      this.#head = Math.max(this.#head, seq);
      this.#ahead.add(seq);
      this.#told.set(id, Math.max(known, seq));
      if (this.#whole) this.#closeUp();
    }
    return seq > known;
  }

  /** Move the position over what follows it without a hole. */
  #closeUp() {
    let { epoch, seq } = this.#floor;
    while (this.#ahead.delete(seq + 1)) seq += 1;
    this.#floor = { epoch, seq };
    if (!this.#ahead.size) this.#told.clear();
  }
}

/** A connection, of which only the newest is asked anything. @internal */
class Link {
  open = false;
  caughtUp = false;
  pinged = false;
  openedAt = 0;
  heardAt = 0;
  renewAt = Infinity;
  /** @type {string | null} */
  expiresAt = null;

  /** @param {Filter} filter @param {number} openBy */
  constructor(filter, openBy) {
    this.filter = filter;
    this.openBy = openBy;
  }
}

/**
 * A message that waits; `again`: it may be sent twice; `filter`: what it subscribes to.
 * @typedef {{message: object, again: boolean, filter?: Filter, repeated?: boolean,
 *   resolve(ack: any): void, reject(error: AlertaError): void}} Item
 */
/**
 * A message on its way, until `by`; of a sync, where it began and how much it has brought.
 * @typedef {{kind: "ping" | "sync" | "send", link: Link, by: number, item?: Item,
 *   since?: string | null, recovered?: number | null}} Request
 */
/**
 * @typedef {{now(): number, random(): number, open(link: Link): void, close(link: Link): void,
 *   send(link: Link, text: string): void, tell(type: keyof Events, detail: any): void}} Io
 */

/**
 * Keeps one caught-up connection; two for a moment, while one takes over from the other.
 *
 * Tell it what happens, then call `decide`, and again at `wakeAt`.
 * @internal
 */
export class Machine {
  wakeAt = Infinity;
  /** @type {State} */
  state = "stopped";
  /** @type {Set<Link>} */
  links = new Set();
  /** @type {Item[]} */
  outbox = [];
  /** @type {Map<string, Request>} */
  requests = new Map();
  #running = false;
  /** @type {AlertaError | null} why nothing is tried any more */
  #refusal = null;
  /** @type {AlertaError | null} why the last connection ended */
  #reason = null;
  #ids = 0;
  #failures = 0;
  #connectAt = 0;
  #busy = 0;
  #pausedTill = 0;
  /** @type {number | null} */
  #recovered = null;
  #syncedAt = 0;
  /** @type {string | null} where the hole begins that is being watched */
  #hole = null;
  #gapAt = Infinity;
  #patience = 1;
  #decidedAt;

  /** @param {Feed} feed @param {Filter} filter @param {Partial<typeof TIMING>} timing @param {Io} io */
  constructor(feed, filter, timing, io) {
    this.feed = feed;
    this.filter = filter;
    this.timing = { ...TIMING, ...timing };
    this.io = io;
    this.#decidedAt = io.now();
  }

  /** @returns {Link | undefined} */
  get newest() {
    return [...this.links].filter((link) => link.open).pop();
  }

  start() {
    if (!this.#running) this.reconnect();
  }

  /** @param {string} [message] */
  stop(message) {
    this.#running = false;
    this.#reason = new AlertaError("stopped", message);
    for (const link of this.links) this.#leave(link);
    for (const item of this.outbox.splice(0)) item.reject(this.#reason);
  }

  /** Connect now; what is open is replaced. */
  reconnect() {
    this.#running = true;
    this.#refusal = null;
    this.#failures = 0;
    this.#connectAt = this.io.now();
    for (const link of this.links) if (!link.open) this.#leave(link);
    if (this.newest) this.newest.renewAt = this.#connectAt;
  }

  /** Is the connection still one? The network is back, or somebody looks. */
  check() {
    const by = this.io.now() + this.timing.check;
    this.#connectAt = Math.min(this.#connectAt, this.io.now());
    for (const [id, request] of this.requests) {
      if (request.kind === "ping") this.requests.delete(id);
      else request.by = Math.max(request.by, by);
    }
    if (this.newest) this.#ask(this.newest, "ping", {}, this.timing.check);
  }

  /** @param {Link} link */
  opened(link) {
    if (!this.links.has(link)) return;
    if (link.filter !== this.filter) return this.#leave(link);
    link.open = true;
    link.openBy = Infinity;
    link.openedAt = link.heardAt = this.io.now();
    this.#endSync(); // this connection asks for what that would bring
  }

  /**
   * A connection has ended, or could not be opened.
   * @param {Link} link
   * @param {AlertaError} error
   * @param {number} [code] of the WebSocket
   */
  closed(link, error, code = 0) {
    if (!this.links.has(link)) return;
    const now = this.io.now();
    const fault = OUR_FAULT.includes(code);
    this.#forget(link, fault ? error : null);
    if (fault || !["unreachable", "disconnected", "timeout"].includes(error.code)) this.#fault(error);
    if (!link.open && error.code === "unauthorized") this.#refusal = error;
    if (link.caughtUp && now - link.openedAt >= this.timing.stable) this.#failures = 0;
    if (link.open && this.newest) return;
    this.#reason = error;
    const slow = fault ? this.timing.backoff[1] / 2 : 0;
    this.#connectAt = now + slow + this.#backoff(this.#failures++);
  }

  /** @param {Link} link @param {any} frame */
  received(link, frame) {
    if (!this.links.has(link)) return;
    link.heardAt = this.io.now();
    if (frame?.type === "incident_update") return this.#update(frame);
    const failed = frame?.type === "error" || (!frame?.type && frame?.message);
    const id = this.requests.has(frame?.requestId) ? frame.requestId : failed && this.#meant(link, frame);
    const request = this.requests.get(id);
    this.requests.delete(id);
    if (failed) this.#refused(request, new AlertaError(frame.code ?? "internal", frame.message, frame));
    else if (!frame?.type) this.#fault(new AlertaError("not_understood"));
    else if (request?.kind === "ping") this.#pong(link, frame);
    else if (request?.kind === "sync") this.#page(request, frame);
    else if (request?.item) this.#acked(link, request.item, frame);
  }

  /** Do what is due; one thing may make another due. */
  decide() {
    const now = this.io.now();
    if (now - this.#decidedAt > this.timing.slept) this.check();
    this.#decidedAt = now;
    do this.wakeAt = this.#running ? now + this.timing.beat : Infinity;
    while (
      this.#running &&
      (this.#expire() || this.#connect() || this.#send() || this.#sync() || this.#heartbeat())
    );
    this.#tellState();
  }

  /** Is it time? If not, come back then. @param {number} at */
  #due(at) {
    if (at <= this.io.now()) return true;
    this.wakeAt = Math.min(this.wakeAt, at);
    return false;
  }

  #expire() {
    for (const link of this.links) {
      const requests = [...this.requests.values()].filter((request) => request.link === link);
      const replaced = link !== this.newest && link.open && this.newest?.caughtUp;
      const late = this.#due(Math.min(link.openBy, ...requests.map(({ by }) => by)));
      if (late) this.#drop(link, new AlertaError("timeout"));
      // What is on its way over it is waited for.
      else if (replaced && !requests.some(({ item }) => item)) this.#leave(link);
      else continue;
      return true;
    }
    return false;
  }

  #connect() {
    const at = Math.max(this.#connectAt, this.newest?.renewAt ?? 0);
    const opening = [...this.links].some((link) => !link.open);
    if (this.#refusal || opening || !this.#due(at)) return false;
    const link = new Link(this.filter, this.io.now() + this.timing.connect);
    this.links.add(link);
    this.io.open(link);
    return true;
  }

  /** One at a time, so that they keep their order on AWS too. */
  #send() {
    const { newest } = this;
    if (!newest || !this.outbox.length || this.#asked("send") || !this.#due(this.#pausedTill)) return false;
    const item = /** @type {Item} */ (this.outbox.shift());
    // A page of the one view must not move the position in the other.
    if (item.filter) this.#endSync();
    return this.#ask(newest, "send", item.message, this.timing.answer, { item });
  }

  #sync() {
    const { newest } = this;
    this.#watchGap();
    if (!newest || this.#asked("sync") || this.#asked("send")?.item?.filter) return false;
    const since = this.feed.position;
    const needed = newest.caughtUp && since ? this.#gapAt : 0;
    if (!this.#due(Math.max(this.#pausedTill, needed))) return false;
    this.#gapAt = Infinity;
    this.feed.stale = false;
    const recovered = since ? 0 : null;
    return this.#ask(newest, "sync", { since }, this.timing.answer, { since, recovered });
  }

  #heartbeat() {
    const { newest } = this;
    if (!newest || this.#asked("ping")) return false;
    // The first pong tells when the connection will end.
    const first = newest.caughtUp && !newest.pinged;
    if (!first && !this.#due(newest.heardAt + this.#between(this.timing.idle))) return false;
    newest.pinged = true;
    return this.#ask(newest, "ping", {}, this.timing.pong);
  }

  /** A hole in the feed is given some time to fill, and then asked for. */
  #watchGap() {
    const { gap, stale, position } = this.feed;
    if (!gap) [this.#gapAt, this.#patience] = [Infinity, 1];
    else if (stale) this.#gapAt = 0;
    else if (position !== this.#hole || this.#gapAt === Infinity) {
      // With a filter holes are natural, but one of them may be a loss.
      const wait = this.#between(this.#filtered ? this.timing.idle : this.timing.gap);
      this.#gapAt = this.io.now() + wait * this.#patience;
    }
    this.#hole = position;
  }

  #tellState() {
    const links = [...this.links];
    const previous = this.state;
    if (!this.#running) this.state = "stopped";
    else if (links.some((link) => link.caughtUp)) this.state = "live";
    else if (this.newest) this.state = "syncing";
    else if (this.#refusal) this.state = "refused";
    else this.state = links.length ? "connecting" : "waiting";
    if (this.state === previous) return;
    const live = this.state === "live";
    if (live) this.#reason = null;
    this.io.tell("status", {
      state: this.state,
      previous,
      attempt: this.#failures,
      retryAt: this.state === "waiting" ? new Date(this.#connectAt) : null,
      reason: this.#reason,
      recovered: live ? this.#recovered : null,
    });
  }

  /** @param {any} frame */
  #update({ incident, position: text }) {
    const position = parsePosition(text);
    if (!position || !isIncident(incident)) this.#fault(new AlertaError("not_understood"));
    else if (this.feed.update(incident, position)) {
      this.io.tell("incident", { incident, position: text, recovered: false });
    }
  }

  /** @param {Request} request @param {any} frame */
  #page({ link, since, recovered }, { position: text, incidents, reset, more, cursor }) {
    const position = parsePosition(text);
    const good = position && Array.isArray(incidents) && incidents.every(isIncident);
    const news = good && this.feed.page(position, incidents, reset === true, !cursor);
    if (!news) return this.#drop(link, new AlertaError("not_understood"));
    if (reset) this.io.tell("reset", {});
    for (const incident of news) {
      const at = `${position.epoch}:${incident.seq}`;
      this.io.tell("incident", { incident, position: at, recovered: true });
    }
    this.#busy = 0;
    recovered = reset || recovered == null ? null : recovered + news.length;
    if (more || cursor) {
      const message = { since: this.feed.position, cursor };
      this.#ask(link, "sync", message, this.timing.answer, { since, recovered });
      return;
    }
    const stuck = this.feed.gap && this.feed.position === since;
    this.#patience = stuck ? Math.min(this.#patience * 2, 16) : 1;
    this.#syncedAt = this.io.now();
    this.#recovered = recovered;
    link.caughtUp = true;
  }

  /** @param {Link} link @param {any} frame */
  #pong(link, { position: text, expiresAt }) {
    const now = this.io.now();
    const position = parsePosition(text);
    if (position) this.feed.reached(position);
    this.#watchGap();
    if (this.#filtered && this.feed.gap) {
      const at = Math.max(now, this.#syncedAt + this.#between(this.timing.resync));
      this.#gapAt = Math.min(this.#gapAt, at);
    }
    if (link.expiresAt) return;
    link.expiresAt = expiresAt;
    const left = Date.parse(expiresAt) - now;
    // Where the clock here is wrong by more than that, the age alone counts.
    const life = left > 0 && left < this.timing.life ? left : this.timing.life;
    const at = now + life * this.#between(this.timing.renew);
    link.renewAt = Math.min(link.renewAt, Math.max(at, link.openedAt + this.timing.renewAfter));
  }

  /** @param {Link} link @param {Item} item @param {any} frame */
  #acked(link, item, frame) {
    this.#busy = 0;
    if (!item.filter) return item.resolve(frame);
    if (link !== this.newest) return this.outbox.unshift(item);
    this.filter = link.filter = item.filter;
    this.feed.forget();
    link.caughtUp = false;
    for (const other of this.links) if (other !== link) this.#leave(other);
    item.resolve(frame);
  }

  /** @param {Request | undefined} request @param {AlertaError} error */
  #refused(request, error) {
    const { item, link } = request ?? {};
    const known = error.code === "rate_limited" || error.code === "unauthorized"; // nothing was done
    const later = known || (error.code === "unavailable" && item?.again);
    if (!item) this.#fault(error);
    else if (later) this.outbox.unshift(item);
    else if (error.code === "conflict" && item.repeated) item.reject(new AlertaError("unknown_outcome"));
    else return item.reject(error);
    if (request?.kind === "sync" && error.code === "invalid_request") this.feed.forget();
    if (link && error.code === "unauthorized") return this.#drop(link, error);
    if (!request || request.kind === "ping") return;
    const wait = Math.max(1000 * (error.retryAfter ?? 0), this.#backoff(this.#busy++));
    this.#pausedTill = this.io.now() + wait;
  }

  /**
   * What an error without its requestId must mean: where the service could not read a message,
   * the one that somebody sent; where API Gateway answers by itself, the only one there is.
   * @param {Link} link @param {any} frame
   */
  #meant(link, frame) {
    const all = [...this.requests].filter(([, request]) => request.link === link);
    const sent = frame.type ? all.filter(([, { item }]) => item) : [];
    const [first, ...others] = sent.length ? sent : all;
    return others.length ? undefined : first?.[0];
  }

  get #filtered() {
    return Object.values(this.filter).some((values) => values.length);
  }

  /** @param {Request["kind"]} kind */
  #asked(kind) {
    return [...this.requests.values()].find((request) => request.kind === kind);
  }

  #endSync() {
    for (const [id, { kind }] of this.requests) if (kind === "sync") this.requests.delete(id);
  }

  /**
   * @param {Link} link @param {Request["kind"]} kind @param {object} message @param {number} wait
   * @param {Partial<Request>} [more]
   */
  #ask(link, kind, message, wait, more) {
    const requestId = String(++this.#ids);
    this.requests.set(requestId, { kind, link, by: this.io.now() + wait, ...more });
    this.io.send(link, JSON.stringify({ action: kind, ...message, requestId }));
    return true;
  }

  /** @param {AlertaError} error */
  #fault(error) {
    this.io.tell("error", { error });
  }

  /** What was on its way has not arrived, or nobody knows. @param {Link} link @param {AlertaError | null} fault */
  #forget(link, fault) {
    this.links.delete(link);
    for (const [id, { item, link: over }] of this.requests) {
      if (over !== link) continue;
      this.requests.delete(id);
      if (!item) continue;
      if (fault || !item.again) item.reject(fault ?? new AlertaError("unknown_outcome"));
      else this.outbox.unshift(Object.assign(item, { repeated: true }));
    }
  }

  /** @param {Link} link */
  #leave(link) {
    this.#forget(link, null);
    this.io.close(link);
  }

  /** Give up a connection that is of no use. @param {Link} link @param {AlertaError} error */
  #drop(link, error) {
    this.closed(link, error);
    this.io.close(link);
  }

  /** A wait with full jitter. @param {number} failures */
  #backoff(failures) {
    const [first, last] = this.timing.backoff;
    return this.io.random() * Math.min(last, first * 2 ** Math.min(failures, 20));
  }

  /** @param {number[]} range */
  #between([low, high]) {
    return low + this.io.random() * (high - low);
  }
}

/** @param {any} value @returns {value is Incident} */
const isIncident = (value) => typeof value?.incidentId === "string" && Number.isSafeInteger(value.seq);

/** @param {Filter} filter as the URL carries it */
function query(filter) {
  const text = Object.entries(filter)
    .flatMap(([field, values]) => values.map((value) => `${field}=${encodeURIComponent(value)}`))
    .join("&");
  if (text.length > QUERY_MAX) throw new AlertaError("too_large", "filter");
  return text;
}

/** Follows the feed and sends: nothing is missed, nothing told twice, nothing stored twice. */
export class AlertaUtec extends EventTarget {
  #url;
  #options;
  #machine;
  /** @type {Map<Link, any>} */
  #sockets = new Map();
  /** @type {CustomEvent[]} */
  #events = [];
  #telling = false;
  #position;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #now;
  #time;
  #wall;
  /** @type {Filter | undefined} */
  #wanted;
  /** @type {Promise<void>} */
  #filtering = Promise.resolve();

  /**
   * @param {Given<string>} url of the WebSocket
   * @param {Options} [options]
   */
  constructor(url, options = {}) {
    super();
    const { filter = {}, position = null, timing = {}, now = Date.now } = options;
    const parsed = parsePosition(position);
    if (position && !parsed) throw new TypeError(`position: ${position}`);
    query(filter);
    this.#url = url;
    this.#options = { maxQueue: 100, WebSocket: globalThis.WebSocket, ...options };
    this.#position = position;
    this.#now = now;
    this.#time = this.#wall = now();
    this.#machine = new Machine(new Feed(parsed), filter, timing, {
      now: () => this.#clock(),
      random: Math.random,
      open: (link) => void this.#open(link),
      close: (link) => this.#close(link),
      send: (link, text) => this.#sockets.get(link)?.send(text),
      tell: (type, detail) => void this.#events.push(new CustomEvent(type, { detail })),
    });
  }

  get state() {
    return this.#machine.state;
  }

  /** Everything up to here was told. */
  get position() {
    return this.#position;
  }

  /** When the connection ends, where that is known; it is renewed before. */
  get expiresAt() {
    const text = this.#machine.newest?.expiresAt;
    return text ? new Date(text) : null;
  }

  start() {
    globalThis.addEventListener?.("online", this.#check);
    globalThis.document?.addEventListener("visibilitychange", this.#check);
    this.#run((machine) => machine.start());
  }

  /** @param {string} [reason] */
  stop(reason) {
    globalThis.removeEventListener?.("online", this.#check);
    globalThis.document?.removeEventListener("visibilitychange", this.#check);
    this.#run((machine) => machine.stop(reason));
  }

  /** Connect now, without waiting: somebody asks for it, or there is a new token. */
  reconnect() {
    this.start();
    this.#run((machine) => machine.reconnect());
  }

  /** The language of messages; the connection is renewed for it. @param {"es" | "en"} lang */
  setLang(lang) {
    this.#options.lang = lang;
    if (this.state !== "stopped") this.reconnect();
  }

  /**
   * See another part of the feed: settles when the service knows; a `reset` follows. Of several
   * calls at once only the last one counts.
   * @param {Filter} filter
   */
  setFilter(filter) {
    this.#wanted = filter;
    const turn = async () => {
      query(filter);
      if (filter === this.#wanted) await this.#enqueue({ action: "subscribe", filter }, true, filter);
    };
    return (this.#filtering = this.#filtering.then(turn, turn));
  }

  /**
   * Report an incident: sent until it is acked, and stored once.
   * @param {object} incident
   * @param {{idempotencyKey?: string}} [options]
   * @returns {Promise<Ack>}
   */
  notify(incident, { idempotencyKey = uuid() } = {}) {
    return this.#enqueue({ action: "notify", incident, idempotencyKey }, true);
  }

  /**
   * Move an incident on. With `revision` it is sent again where the connection breaks.
   * @param {string} incidentId
   * @param {{status?: string, urgency?: string, note?: string, revision?: number}} change
   * @returns {Promise<Ack>}
   */
  update(incidentId, change) {
    const again = change.revision !== undefined;
    return this.#enqueue({ action: "update", incidentId, ...change }, again);
  }

  /**
   * @template {keyof Events} K
   * @param {K} type
   * @param {((event: Events[K]) => void) | {handleEvent(event: Events[K]): void} | null} listener
   * @param {boolean | AddEventListenerOptions} [options]
   */
  addEventListener(type, listener, options) {
    super.addEventListener(type, /** @type {EventListener | null} */ (listener), options);
  }

  /** @param {object} message @param {boolean} again @param {Filter} [filter] */
  async #enqueue(message, again, filter) {
    const { outbox, requests } = this.#machine;
    const text = JSON.stringify(message);
    if (new TextEncoder().encode(text).length > MESSAGE_MAX_BYTES - 100) throw new AlertaError("too_large");
    if (this.state === "stopped") throw new AlertaError("stopped");
    const waiting = [...outbox, ...[...requests.values()].flatMap(({ item }) => item ?? [])];
    if (waiting.length >= (this.#options.maxQueue ?? 0) && !filter) throw new AlertaError("queue_full");
    const { incidentId, seq, revision, duplicate } = await new Promise((resolve, reject) => {
      const item = { message: JSON.parse(text), again, filter, resolve, reject };
      this.#run(() => (filter ? outbox.unshift(item) : outbox.push(item)));
    });
    return { incidentId, seq, revision, duplicate };
  }

  #check = () => {
    if (!globalThis.document?.hidden) this.#run((machine) => machine.check());
  };

  /** The time with what was slept, that does not go back when the clock is set. */
  #clock() {
    const wall = this.#now();
    this.#time += Math.max(0, wall - this.#wall);
    this.#wall = wall;
    return this.#time;
  }

  /** @param {(machine: Machine) => void} act */
  #run(act) {
    const machine = this.#machine;
    act(machine);
    machine.decide();
    clearTimeout(this.#timer);
    const wait = machine.wakeAt - this.#clock();
    if (wait < Infinity) this.#timer = setTimeout(() => this.#run(() => {}), wait);
    if (this.#telling) return;
    this.#telling = true;
    for (let event; (event = this.#events.shift()); ) {
      // Not before: what a page brings is whole only with its last event.
      if (!this.#events.length) this.#position = machine.feed.position;
      else if (event.type === "reset") this.#position = null;
      this.dispatchEvent(event);
    }
    this.#telling = false;
    this.#position = machine.feed.position;
  }

  /** @param {Link} link */
  #close(link) {
    const socket = this.#sockets.get(link);
    if (!socket) return;
    this.#sockets.delete(link);
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }

  /** @param {Link} link */
  async #open(link) {
    let code = "unreachable";
    try {
      await null; // not within the machine's step
      const url = await given(this.#url);
      code = "token_failed";
      const token = await given(this.#options.token);
      code = "unreachable";
      if (this.#machine.links.has(link)) this.#connect(link, url, token);
    } catch (error) {
      const failure = error instanceof AlertaError ? error : new AlertaError(code, String(error));
      this.#run((machine) => machine.closed(link, failure));
    }
  }

  /** @param {Link} link @param {string} url @param {string | null | undefined} token */
  #connect(link, url, token) {
    const { lang, probe, WebSocket } = this.#options;
    const more = [lang && `lang=${lang}`, query(link.filter)].filter(Boolean).join("&");
    const address = more ? `${url}${url.includes("?") ? "&" : "?"}${more}` : url;
    const protocols = ["alerta.v1", ...(token ? [`bearer.${token}`] : [])];
    // @ts-expect-error where there is none, the handshake fails
    const socket = new WebSocket(address, protocols);
    let hint = "";
    this.#sockets.set(link, socket);
    socket.onopen = () => this.#run((machine) => machine.opened(link));
    socket.onmessage = (/** @type {MessageEvent} */ { data }) =>
      this.#run((machine) => machine.received(link, parse(data)));
    socket.onerror = (/** @type {ErrorEvent} */ { message = "" }) => (hint = message);
    socket.onclose = async (/** @type {CloseEvent} */ { code, reason }) => {
      this.#sockets.delete(link);
      let name = link.open ? "disconnected" : "unreachable";
      // Browsers hide the status of a handshake; ws tells it.
      const refused = /\b401$/.test(hint) || (await probe?.().catch(() => "ok")) === "unauthorized";
      if (!link.open && refused) name = "unauthorized";
      const error = new AlertaError(name, `${code} ${reason || hint}`.trim());
      this.#run((machine) => machine.closed(link, error, link.open ? code : 0));
    };
  }
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
