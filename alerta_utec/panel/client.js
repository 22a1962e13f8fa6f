/**
 * The client of Alerta UTEC Realtime for browsers, and for Node with a WebSocket class given.
 *
 * `Feed` knows which changes are news, `Machine` when to connect, ask and send; neither does I/O.
 * `AlertaUtec` runs them over sockets and one timer. Times are milliseconds.
 * @module
 */

/** @typedef {{[field: string]: any, incidentId: string, seq: number, revision: number}} Incident */
/** @typedef {{urgency?: string[], status?: string[], type?: string[], location?: string[]}} Filter */
/** @typedef {"stopped" | "connecting" | "syncing" | "live" | "waiting" | "refused"} State */
/** @typedef {{incident: Incident, position: string, recovered: boolean}} IncidentDetail */
/**
 * @typedef {{state: State, previous: State, attempt: number, retryAt: Date | null,
 *   reason: AlertaError | null, recovered: number | null}} StatusDetail
 */
/** @typedef {{incidentId: string, seq: number, revision: number, duplicate: boolean}} Ack */
/**
 * @typedef {object} Events
 * @property {CustomEvent<{}>} reset forget every incident; what there is follows
 * @property {CustomEvent<IncidentDetail>} incident an incident's latest state
 * @property {CustomEvent<StatusDetail>} status
 * @property {CustomEvent<{error: AlertaError}>} error what concerns no waiting send
 */
/**
 * @typedef {object} Options
 * @property {string | null | (() => string | null | Promise<string | null>)} [token] asked anew at
 *   each connection
 * @property {"es" | "en"} [lang]
 * @property {Filter} [filter]
 * @property {string | null} [position] resume here: only with the state that belongs to it
 * @property {new (url: string, protocols: string[]) => any} [WebSocket]
 * @property {number} [maxQueue] sends that may wait at once
 * @property {() => Promise<"ok" | "unauthorized">} [probe] asked after a failed handshake, of which
 *   browsers hide the status
 * @property {Partial<typeof TIMING>} [timing]
 * @property {() => number} [now] the time of day
 */

/** Waits; of pairs, one in between is drawn, so that many clients do not act in step. */
const TIMING = {
  /** From asking for the token to an open socket. */
  connect: 15_000,
  /** For an answer; a handler may take 29 s. */
  answer: 35_000,
  /** For a pong, and for one after waking up. */
  pong: 10_000,
  check: 5_000,
  /** Silence before a ping; API Gateway cuts after 10 min. */
  idle: [240_000, 300_000],
  /** How long a missing change may be on its way. */
  gap: [2_000, 3_000],
  /** With a filter: from one look for missing changes to the next. */
  resync: [60_000, 90_000],
  /** Ceilings of the wait before a new attempt: the first, and the last. */
  backoff: [1_000, 30_000],
  /** A connection that lasts so long was good: ceilings start again. */
  stable: 30_000,
  /** Parts of a connection's life between which it is renewed, and how old it is at least. */
  renew: [0.75, 0.95],
  renewAfter: 20_000,
  /** The longest life of a connection. */
  life: 7_200_000,
  /** The clock is looked at this often; where so much is missing, the machine has slept. */
  beat: 20_000,
  slept: 100_000,
};
const AHEAD_MAX = 10_000;
const MESSAGE_MAX_BYTES = 32_768;
// A URL has 4,096 characters at most.
const QUERY_MAX = 3_500;
// Closed for something that we sent, and should not have (RFC 6455, section 7.4.1).
const OUR_FAULT = [1002, 1003, 1007, 1009];

/** What went wrong; `code` is one of the protocol's, or of the client's own. */
export class AlertaError extends Error {
  /**
   * @param {string} code
   * @param {string} [message]
   * @param {{errors?: {field: string, problem: string}[], retryAfter?: number | null,
   *   cause?: unknown}} [more] `retryAfter` in seconds
   */
  constructor(code, message = code, { errors = [], retryAfter = null, cause } = {}) {
    super(message, { cause });
    this.name = "AlertaError";
    this.code = code;
    this.errors = errors;
    this.retryAfter = retryAfter;
  }
}

/** A random UUID, also where the page is not in a secure context. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** @typedef {{epoch: string, seq: number}} Position */

/** @param {unknown} text @returns {Position | null} */
function parsePosition(text) {
  const match = /^(\w+):(\d{1,15})$/.exec(String(text));
  return match && { epoch: match[1], seq: Number(match[2]) };
}

/**
 * A follower's place in the feed, fed with updates and pages in whatever order they come.
 *
 * It remembers only what runs ahead of its position: anything at or before it is old by its seq.
 */
export class Feed {
  /** @type {Position | null} up to here nothing is missing, once a snapshot is whole */
  #floor;
  #whole;
  /** @type {Set<number>} seqs beyond the floor that were passed on */
  #ahead = new Set();
  /** @type {Map<string, number>} the latest seq of each incident among them */
  #told = new Map();
  /** The highest seq that is known to exist, and that was let pass. */
  #head = 0;
  #lost = 0;
  /** @type {Position | null} one that does not compare with the floor */
  #stray = null;

  /** @param {Position | null} position */
  constructor(position) {
    this.#floor = position;
    this.#whole = position !== null;
  }

  /** The highest contiguous position; none before a snapshot is whole. */
  get position() {
    return this.#floor && this.#whole ? `${this.#floor.epoch}:${this.#floor.seq}` : null;
  }

  /** Whether something is missing, that may be on its way. */
  get gap() {
    return this.#whole && (this.#head > (this.#floor?.seq ?? 0) || this.#stray !== null);
  }

  /** Whether something was let pass, that only a sync will bring. */
  get lost() {
    return this.#whole && this.#lost > (this.#floor?.seq ?? 0);
  }

  /** Begin anew with a snapshot, as for another view. */
  forget() {
    if (this.#floor) this.#stray = { epoch: this.#floor.epoch, seq: this.#head };
    this.#floor = null;
    this.#whole = false;
  }

  /** The feed has come to `position`. @param {Position} position */
  heardOf(position) {
    if (this.#isAhead(position)) this.#head = Math.max(this.#head, position.seq);
  }

  /** Take in a broadcast. @param {Incident} incident @param {Position} position */
  update(incident, position) {
    if (!this.#isAhead(position)) return false;
    if (this.#told.size < AHEAD_MAX) return this.#isNews(incident, position.seq);
    this.#head = Math.max(this.#head, position.seq);
    this.#lost = Math.max(this.#lost, position.seq);
    return false;
  }

  /**
   * Take in the next page of a sync from `position`.
   * @param {Position} position @param {Incident[]} incidents
   * @param {{reset: boolean, last: boolean}} page `last`: it is to be adopted
   * @returns {Incident[] | null} what is news; none where the page is of another feed
   */
  page(position, incidents, { reset, last }) {
    if (reset) this.#begin(position);
    const floor = this.#floor;
    if (!floor || floor.epoch !== position.epoch) return null;
    const news = incidents.filter(
      // In a snapshot, what is older than its position is news too.
      (incident) => (!this.#whole || incident.seq > floor.seq) && this.#isNews(incident, incident.seq),
    );
    if (last) this.#adopt(position);
    return news;
  }

  /** @param {Position} position */
  #isAhead(position) {
    if (this.#floor?.epoch === position.epoch) return position.seq > this.#floor.seq;
    const stray = this.#stray;
    if (stray?.epoch !== position.epoch || stray.seq < position.seq) this.#stray = position;
    return false;
  }

  /** @param {Position} floor */
  #begin(floor) {
    const known = this.#floor?.epoch === floor.epoch ? this.#head : 0;
    this.#lost = Math.max(known, this.#stray?.epoch === floor.epoch ? this.#stray.seq : 0);
    this.#head = Math.max(floor.seq, this.#lost);
    this.#floor = floor;
    this.#whole = false;
    this.#stray = null;
    this.#ahead.clear();
    this.#told.clear();
  }

  /** @param {Incident} incident @param {number} seq */
  #isNews({ incidentId }, seq) {
    const known = this.#told.get(incidentId) ?? 0;
    if (this.#floor && seq > this.#floor.seq) {
      this.#head = Math.max(this.#head, seq);
      this.#ahead.add(seq);
      this.#told.set(incidentId, Math.max(known, seq));
      if (this.#whole) this.#closeUp(this.#floor.seq);
    }
    return seq > known;
  }

  /** @param {Position} position */
  #adopt({ epoch, seq }) {
    const floor = Math.max(seq, this.#floor?.seq ?? 0);
    this.#floor = { epoch, seq: floor };
    this.#whole = true;
    this.#stray = null;
    for (const one of this.#ahead) if (one <= floor) this.#ahead.delete(one);
    for (const [id, one] of this.#told) if (one <= floor) this.#told.delete(id);
    this.#closeUp(floor);
  }

  /** Move the position over what follows it without a hole. @param {number} seq */
  #closeUp(seq) {
    while (this.#ahead.delete(seq + 1)) seq += 1;
    if (this.#floor) this.#floor = { epoch: this.#floor.epoch, seq };
    if (!this.#ahead.size) this.#told.clear();
  }
}

/**
 * @typedef {object} Item a message that waits to be sent
 * @property {string} id its requestId
 * @property {string} text
 * @property {boolean} again whether it may be sent twice
 * @property {Filter} [filter] that it subscribes to
 * @property {boolean} [repeated]
 * @property {(ack: any) => void} resolve
 * @property {(error: AlertaError) => void} reject
 */
/** @typedef {{kind: "ping" | "sync" | "send", by: number, item?: Item}} Request */
/**
 * @typedef {object} Link a connection: opening, open, then leaving where another has taken over
 * @property {number} number
 * @property {Filter} filter
 * @property {number} openBy
 * @property {boolean} open
 * @property {boolean} leaving
 * @property {boolean} caughtUp
 * @property {boolean} pinged
 * @property {number} openedAt
 * @property {number} heardAt
 * @property {number} idle
 * @property {number} renewAt
 * @property {string | null} expiresAt
 * @property {Map<string, Request>} requests
 */
/**
 * @typedef {{link: Link, since: string | null, cursor: string | null, recovered: number | null,
 *   request: Request | null}} Talk a sync of one or many pages
 */
/**
 * What the machine wants done, in order.
 * @typedef {{do: "open", link: number, filter: Filter} | {do: "send", link: number, text: string} |
 *   {do: "close", link: number} | {do: "position", position: string | null} |
 *   {do: "tell", type: keyof Events, detail: any}} Effect
 */

/**
 * Keeps one caught-up connection; two for a moment, while one takes over from the other.
 *
 * Tell it what happens, call `decide`, carry out its `effects`, and come back at `wakeAt`.
 */
export class Machine {
  /** @type {Effect[]} */
  effects = [];
  wakeAt = Infinity;
  /** @type {Map<number, Link>} */
  links = new Map();
  /** @type {Item[]} */
  outbox = [];
  /** @type {State} */
  state = "stopped";
  #running = false;
  /** @type {AlertaError | null} why nothing is tried any more */
  #refusal = null;
  /** @type {AlertaError | null} why the last connection ended */
  #reason = null;
  #lastLink = 0;
  #lastId = 0;
  #failures = 0;
  #connectAt = 0;
  /** @type {Talk | null} */
  #talk = null;
  #askFailures = 0;
  #askAt = 0;
  #syncedAt = 0;
  /** @type {number | null} */
  #recovered = null;
  /** @type {string | null} where the hole begins that is being watched */
  #hole = null;
  #gapAt = Infinity;
  #fruitless = 0;
  /** @type {Item | null} the one message that is on its way: so they keep their order on AWS */
  #flying = null;
  #sendFailures = 0;
  #sendAt = 0;
  #decidedAt;
  /** @type {string | null} */
  #position;

  /**
   * @param {{feed: Feed, filter: Filter, timing: typeof TIMING, clock: () => number,
   *   random?: () => number}} parts
   */
  constructor({ feed, filter, timing, clock, random = Math.random }) {
    this.feed = feed;
    this.filter = filter;
    this.timing = timing;
    this.clock = clock;
    this.random = random;
    this.#decidedAt = clock();
    this.#position = feed.position;
  }

  get waiting() {
    return this.outbox.length + (this.#flying ? 1 : 0);
  }

  get expiresAt() {
    return this.#newest()?.expiresAt ?? null;
  }

  // What people ask for

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#again();
  }

  /** @param {string} [reason] */
  stop(reason) {
    this.#running = false;
    this.#reason = new AlertaError("stopped", reason);
    for (const link of this.links.values()) this.#close(link);
    const items = this.#flying ? [this.#flying, ...this.outbox] : this.outbox;
    this.#flying = this.#talk = null;
    this.outbox = [];
    for (const item of items) item.reject(this.#reason);
  }

  /** Connect now; what is open is replaced. */
  reconnect() {
    this.#running = true;
    this.#again();
    for (const link of this.links.values()) if (!link.open) this.#close(link);
    const link = this.#newest();
    if (link) link.renewAt = this.clock();
  }

  /** See whether the connection still is one: the network is back, or somebody looks. */
  check() {
    const now = this.clock();
    this.#connectAt = Math.min(this.#connectAt, now);
    for (const link of this.links.values()) {
      for (const [id, request] of link.requests) {
        request.by = Math.max(request.by, now + this.timing.check);
        if (request.kind === "ping") link.requests.delete(id);
      }
      if (link.open) this.#ping(link, this.timing.check);
    }
  }

  nextId() {
    return String(++this.#lastId);
  }

  /** @param {Item} item */
  enqueue(item) {
    if (item.filter) this.outbox.unshift(item);
    else this.outbox.push(item);
  }

  // What happens

  /** @param {number} number */
  opened(number) {
    const link = this.links.get(number);
    if (!link) return;
    if (link.filter !== this.filter) return this.#close(link);
    link.open = true;
    link.openedAt = link.heardAt = this.clock();
    this.#talk = null; // what it would bring, the new connection asks for as well
  }

  /**
   * A connection has ended, or could not be opened.
   * @param {number} number @param {AlertaError} error @param {number} [code]
   */
  closed(number, error, code = 0) {
    const link = this.links.get(number);
    if (!link) return;
    const ourFault = OUR_FAULT.includes(code);
    this.links.delete(number);
    if (this.#talk?.link === link) this.#talk = null;
    for (const { item } of link.requests.values()) if (item) this.#cutOff(item, ourFault ? error : null);
    if (link.leaving) return;
    const now = this.clock();
    if (link.caughtUp && now - link.openedAt >= this.timing.stable) this.#failures = 0;
    if (ourFault || !["unreachable", "timeout", "disconnected"].includes(error.code)) this.#fault(error);
    if (!link.open && error.code === "unauthorized") this.#refusal = error;
    if (link.open && this.#newest()) return;
    this.#reason = error;
    const slow = ourFault ? this.timing.backoff[1] / 2 : 0;
    this.#connectAt = now + slow + this.#backoff(this.#failures++);
  }

  /** @param {number} number @param {any} frame */
  received(number, frame) {
    const link = this.links.get(number);
    if (!link) return;
    link.heardAt = this.clock();
    if (frame?.type === "incident_update") return this.#update(frame);
    const failure = frame?.type === "error" || (frame && !frame.type && frame.message);
    const id = link.requests.has(frame?.requestId) ? frame.requestId : failure && meant(link, frame);
    const request = link.requests.get(id);
    if (failure) {
      const error = new AlertaError(frame.code ?? "internal", frame.message, frame);
      if (!request) this.#fault(error);
      else this.#refused(link, id, request, error);
    } else if (request) {
      link.requests.delete(id);
      if (request.kind === "ping") this.#pong(link, frame);
      else if (request.item) this.#acked(link, request.item, frame);
      else if (this.#talk?.request === request) this.#page(link, frame);
    } else if (!frame?.type) {
      this.#fault(new AlertaError("not_understood"));
    }
  }

  // What to do

  /** Do what is due; one thing may make another due. */
  decide() {
    const now = this.clock();
    if (now - this.#decidedAt > this.timing.slept) this.check();
    this.#decidedAt = now;
    for (let done = -1; done < this.effects.length; ) {
      done = this.effects.length;
      this.wakeAt = this.#running ? now + this.timing.beat : Infinity;
      this.#expire();
      if (this.#running) {
        this.#connect();
        this.#send();
        this.#sync();
        this.#heartbeat();
      }
    }
    this.#tell();
  }

  /** Whether it is time; if not, come back then. @param {number} at */
  #due(at) {
    this.wakeAt = Math.min(this.wakeAt, Math.max(at, this.clock()));
    return at <= this.clock();
  }

  #expire() {
    for (const link of this.links.values()) {
      const by = Math.min(link.open ? Infinity : link.openBy, ...[...link.requests.values()].map((r) => r.by));
      const answered = ![...link.requests.values()].some((request) => request.item);
      if (link.leaving && answered) this.#close(link);
      else if (this.#due(by)) this.#drop(link, new AlertaError("timeout"));
    }
  }

  #connect() {
    if (this.#refusal || [...this.links.values()].some((link) => !link.open)) return;
    const now = this.clock();
    if (!this.#due(Math.max(this.#connectAt, this.#newest()?.renewAt ?? 0))) return;
    const number = ++this.#lastLink;
    this.links.set(number, {
      number,
      filter: this.filter,
      openBy: now + this.timing.connect,
      open: false,
      leaving: false,
      caughtUp: false,
      pinged: false,
      openedAt: now,
      heardAt: now,
      idle: this.#between(this.timing.idle),
      renewAt: Infinity,
      expiresAt: null,
      requests: new Map(),
    });
    this.effects.push({ do: "open", link: number, filter: this.filter });
  }

  #send() {
    const link = this.#newest();
    if (!link || this.#flying || !this.outbox.length || !this.#due(this.#sendAt)) return;
    const item = (this.#flying = /** @type {Item} */ (this.outbox.shift()));
    // A page of the one view must not move the position in the other.
    if (item.filter) this.#talk = null;
    link.requests.set(item.id, { kind: "send", by: this.clock() + this.timing.answer, item });
    this.effects.push({ do: "send", link: link.number, text: item.text });
  }

  #sync() {
    const link = this.#newest();
    if (!this.#talk) this.#watchGap();
    if (!link || this.#flying?.filter) return;
    const needed = link.caughtUp && this.feed.position ? this.#gapAt : 0;
    if (!this.#talk && this.#due(Math.max(this.#askAt, needed))) {
      const since = this.feed.position;
      this.#talk = { link, since, cursor: null, recovered: since ? 0 : null, request: null };
      this.#gapAt = Infinity;
    }
    if (this.#talk && !this.#talk.request) {
      const { cursor } = this.#talk;
      const message = { action: "sync", since: this.feed.position, ...(cursor && { cursor }) };
      this.#talk.request = this.#ask(link, "sync", message, this.timing.answer);
    }
  }

  #heartbeat() {
    for (const link of this.links.values()) {
      if (!link.open || link.leaving || [...link.requests.values()].some((r) => r.kind === "ping")) continue;
      // The first pong tells when the connection will end.
      const first = link.caughtUp && !link.pinged;
      if (first || this.#due(link.heardAt + link.idle)) this.#ping(link, this.timing.pong);
    }
  }

  #tell() {
    const { position } = this.feed;
    if (position !== this.#position) {
      this.#position = position;
      const last = this.effects.findLastIndex((effect) => effect.do === "tell" && effect.type === "incident");
      // Not before: what a page brings is whole only with its last event.
      this.effects.splice(last < 0 ? this.effects.length : last, 0, { do: "position", position });
    }
    const previous = this.state;
    this.state = this.#currentState();
    if (this.state === previous) return;
    if (this.state === "live") this.#reason = null;
    const detail = {
      state: this.state,
      previous,
      attempt: this.#failures,
      retryAt: this.state === "waiting" ? new Date(this.#connectAt) : null,
      reason: this.#reason,
      recovered: this.state === "live" ? this.#recovered : null,
    };
    this.effects.push({ do: "tell", type: "status", detail });
  }

  /** @returns {State} */
  #currentState() {
    if (!this.#running) return "stopped";
    const links = [...this.links.values()].filter((link) => !link.leaving);
    if (links.some((link) => link.caughtUp)) return "live";
    if (links.some((link) => link.open)) return "syncing";
    if (this.#refusal) return "refused";
    return links.length ? "connecting" : "waiting";
  }

  // Answers

  /** @param {any} frame */
  #update({ incident, position: text }) {
    const position = parsePosition(text);
    if (!position || !isIncident(incident)) return this.#fault(new AlertaError("not_understood"));
    if (this.feed.update(incident, position)) this.#news(incident, text, false);
  }

  /** @param {Link} link @param {any} frame */
  #page(link, frame) {
    const talk = /** @type {Talk} */ (this.#talk);
    const position = parsePosition(frame.position);
    const good = position && Array.isArray(frame.incidents) && frame.incidents.every(isIncident);
    const cursor = frame.cursor ?? null;
    const reset = frame.reset === true;
    const before = this.effects.length;
    const news = good ? this.feed.page(position, frame.incidents, { reset, last: !cursor }) : null;
    if (!position || !news) return this.#drop(link, new AlertaError("not_understood"));
    if (reset) this.effects.push({ do: "tell", type: "reset", detail: {} });
    for (const incident of news) this.#news(incident, `${position.epoch}:${incident.seq}`, true);
    if (reset) talk.recovered = null;
    else if (talk.recovered !== null) talk.recovered += this.effects.length - before;
    talk.cursor = cursor;
    talk.request = null;
    this.#askFailures = 0;
    if (!frame.more && !cursor) this.#caughtUp(link, talk);
  }

  /** Nothing is missing: older connections have served their time. @param {Link} link @param {Talk} talk */
  #caughtUp(link, { since, recovered }) {
    this.#talk = null;
    this.#syncedAt = this.clock();
    this.#fruitless = this.feed.gap && this.feed.position === since ? this.#fruitless + 1 : 0;
    this.#hole = this.feed.position;
    this.#recovered = recovered;
    link.caughtUp = true;
    for (const other of this.links.values()) if (other.open && other !== link) other.leaving = true;
  }

  /** @param {Link} link @param {any} frame */
  #pong(link, frame) {
    const now = this.clock();
    const position = parsePosition(frame.position);
    if (position) this.feed.heardOf(position);
    this.#watchGap();
    if (this.#filtered && this.feed.gap) {
      const at = Math.max(now, this.#syncedAt + this.#between(this.timing.resync));
      this.#gapAt = Math.min(this.#gapAt, at);
    }
    if (link.renewAt < Infinity) return;
    link.expiresAt = frame.expiresAt ?? null;
    const left = Date.parse(frame.expiresAt) - now;
    // Whoever's clock is wrong by more than that renews by the age alone.
    const life = left > 0 && left < this.timing.life ? left : this.timing.life;
    const at = now + life * this.#between(this.timing.renew);
    link.renewAt = Math.max(at, link.openedAt + this.timing.renewAfter);
  }

  /** @param {Link} link @param {Item} item @param {any} frame */
  #acked(link, item, frame) {
    this.#flying = null;
    this.#sendFailures = 0;
    if (!item.filter) return item.resolve(frame);
    if (link !== this.#newest()) return this.enqueue(item);
    this.filter = link.filter = item.filter;
    this.feed.forget();
    link.caughtUp = false;
    for (const other of this.links.values()) if (other !== link) this.#close(other);
    item.resolve(undefined);
  }

  /** @param {Link} link @param {string} id @param {Request} request @param {AlertaError} error */
  #refused(link, id, request, error) {
    const { item } = request;
    const wait = (error.retryAfter ?? 0) * 1000;
    if (error.code === "unauthorized") {
      if (item) item.again = true; // nothing was done
      return this.#drop(link, error);
    }
    link.requests.delete(id);
    if (item) {
      this.#flying = null;
      if (error.code === "rate_limited" || (error.code === "unavailable" && item.again)) {
        this.outbox.unshift(item);
        this.#sendAt = this.clock() + Math.max(wait, this.#backoff(this.#sendFailures++));
      } else if (error.code === "conflict" && item.repeated) {
        item.reject(new AlertaError("unknown_outcome", error.message, { cause: error }));
      } else {
        item.reject(error);
      }
      return;
    }
    this.#fault(error);
    if (this.#talk?.request !== request) return;
    if (error.code === "invalid_request") this.feed.forget();
    this.#talk = null;
    this.#askAt = this.clock() + Math.max(wait, this.#backoff(this.#askFailures++));
  }

  // Small things

  /** The connection ended before the answer. @param {Item} item @param {AlertaError | null} fault */
  #cutOff(item, fault) {
    this.#flying = null;
    if (fault) return item.reject(fault);
    if (!item.again) return item.reject(new AlertaError("unknown_outcome"));
    item.repeated = true;
    this.outbox.unshift(item);
  }

  #again() {
    this.#refusal = null;
    this.#failures = 0;
    this.#connectAt = this.clock();
  }

  /** Watch a hole in the feed: it is given some time to fill, and then asked for. */
  #watchGap() {
    if (!this.feed.gap) {
      this.#gapAt = Infinity;
      return;
    }
    const moved = this.feed.position !== this.#hole;
    if (moved) this.#fruitless = 0;
    this.#hole = this.feed.position;
    if (moved || this.#gapAt === Infinity) {
      // With a filter, holes are natural, but one may hide a loss.
      const wait = this.#between(this.#filtered ? this.timing.idle : this.timing.gap);
      this.#gapAt = this.clock() + Math.max(wait, Math.min(this.timing.backoff[1], wait * 2 ** this.#fruitless));
    }
    if (this.feed.lost && !this.#fruitless) this.#gapAt = 0;
  }

  get #filtered() {
    return Object.values(this.filter).some((values) => values.length);
  }

  /** @returns {Link | undefined} */
  #newest() {
    return [...this.links.values()].filter((link) => link.open && !link.leaving).pop();
  }

  /** @param {Link} link @param {number} wait */
  #ping(link, wait) {
    link.pinged = true;
    this.#ask(link, "ping", { action: "ping" }, wait);
  }

  /** @param {Link} link @param {"ping" | "sync"} kind @param {object} message @param {number} wait */
  #ask(link, kind, message, wait) {
    const requestId = this.nextId();
    /** @type {Request} */
    const request = { kind, by: this.clock() + wait };
    link.requests.set(requestId, request);
    const text = JSON.stringify({ ...message, requestId });
    this.effects.push({ do: "send", link: link.number, text });
    return request;
  }

  /** @param {Incident} incident @param {string} position @param {boolean} recovered */
  #news(incident, position, recovered) {
    this.effects.push({ do: "tell", type: "incident", detail: { incident, position, recovered } });
  }

  /** @param {AlertaError} error */
  #fault(error) {
    this.effects.push({ do: "tell", type: "error", detail: { error } });
  }

  /** @param {Link} link */
  #close(link) {
    if (this.#talk?.link === link) this.#talk = null;
    this.links.delete(link.number);
    this.effects.push({ do: "close", link: link.number });
    for (const { item } of link.requests.values()) if (item && this.#running) this.#cutOff(item, null);
  }

  /** Leave a connection that is of no use. @param {Link} link @param {AlertaError} error */
  #drop(link, error) {
    this.closed(link.number, error);
    this.effects.push({ do: "close", link: link.number });
  }

  /** A wait with full jitter. @param {number} failures */
  #backoff(failures) {
    const [first, last] = this.timing.backoff;
    return this.random() * Math.min(last, first * 2 ** Math.min(failures, 20));
  }

  /** @param {number[]} range */
  #between([low, high]) {
    return low + this.random() * (high - low);
  }
}

/** @param {any} value @returns {value is Incident} */
function isIncident(value) {
  return typeof value?.incidentId === "string" && Number.isSafeInteger(value.seq);
}

/**
 * The request that an error without its requestId must mean: what the service could not read is
 * what somebody sent; where API Gateway answers by itself, the one request there is.
 * @param {Link} link @param {any} frame
 */
function meant({ requests }, frame) {
  const ids = [...requests.keys()];
  const sent = ids.find((id) => requests.get(id)?.item);
  if (frame.type && sent) return sent;
  return ids.length === 1 ? ids[0] : undefined;
}

/** A filter as the URL carries it. @param {Filter} filter */
function query(filter) {
  const pairs = Object.entries(filter).flatMap(([field, values]) =>
    values.map((value) => `${field}=${encodeURIComponent(value)}`),
  );
  const text = pairs.join("&");
  if (text.length > QUERY_MAX) throw new AlertaError("too_large", "filter");
  return text;
}

/** Follows the feed and sends: nothing is missed, nothing is told twice. */
export class AlertaUtec extends EventTarget {
  #url;
  #options;
  #now;
  #machine;
  #maxQueue;
  #WebSocket;
  /** @type {Map<number, any>} */
  #sockets = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #draining = false;
  /** @type {string | null} */
  #position;
  /** @type {Filter} the filter that was asked for last */
  #wanted;
  /** @type {Promise<void>} */
  #filtering = Promise.resolve();
  #time;
  #wall;

  /**
   * @param {string | (() => string | Promise<string>)} url
   * @param {Options} [options]
   */
  constructor(url, options = {}) {
    super();
    const position = options.position ? parsePosition(options.position) : null;
    if (options.position && !position) throw new TypeError("position");
    this.#url = url;
    this.#options = { ...options };
    this.#maxQueue = options.maxQueue ?? 100;
    this.#WebSocket = options.WebSocket ?? globalThis.WebSocket;
    this.#now = options.now ?? Date.now;
    this.#time = this.#wall = this.#now();
    this.#position = options.position ?? null;
    this.#wanted = options.filter ?? {};
    query(this.#wanted);
    this.#machine = new Machine({
      feed: new Feed(position),
      filter: this.#wanted,
      timing: { ...TIMING, ...options.timing },
      clock: () => this.#clock(),
    });
  }

  /** @returns {State} */
  get state() {
    return this.#machine.state;
  }

  /** Everything up to here was told. Keep it beside the state, and go on from it another time. */
  get position() {
    return this.#position;
  }

  /** When the connection ends, as far as is known; it is renewed before. */
  get expiresAt() {
    const text = this.#machine.expiresAt;
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

  /** @param {"es" | "en"} lang of messages; the connection is renewed for it */
  setLang(lang) {
    this.#options.lang = lang;
    if (this.state !== "stopped") this.#run((machine) => machine.reconnect());
  }

  /**
   * See another part of the feed; a `reset` follows. Of several calls at once the last one counts.
   * @param {Filter} filter
   * @returns {Promise<void>} settles when the service has taken it
   */
  setFilter(filter) {
    this.#wanted = filter;
    const turn = async () => {
      query(filter);
      if (filter !== this.#wanted) return;
      await this.#enqueue({ action: "subscribe", filter }, true, filter);
    };
    this.#filtering = this.#filtering.then(turn, turn);
    return this.#filtering;
  }

  /**
   * Report an incident; it is sent until the service has it, and is stored once.
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
    const message = { action: "update", incidentId, ...change };
    return this.#enqueue(message, change.revision !== undefined);
  }

  /**
   * @template {keyof Events} K
   * @param {K} type
   * @param {((event: Events[K]) => void) | {handleEvent(event: Events[K]): void} | null} listener
   * @param {boolean | AddEventListenerOptions} [options]
   * @override
   */
  addEventListener(type, listener, options) {
    super.addEventListener(type, /** @type {EventListener | null} */ (listener), options);
  }

  /** @param {object} message @param {boolean} again @param {Filter} [filter] */
  async #enqueue(message, again, filter) {
    const id = this.#machine.nextId();
    const text = JSON.stringify({ ...message, requestId: id });
    if (new TextEncoder().encode(text).length > MESSAGE_MAX_BYTES) throw new AlertaError("too_large");
    if (this.state === "stopped") throw new AlertaError("stopped");
    if (!filter && this.#machine.waiting >= this.#maxQueue) throw new AlertaError("queue_full");
    const ack = await new Promise((resolve, reject) => {
      this.#run((machine) => machine.enqueue({ id, text, again, filter, resolve, reject }));
    });
    if (!ack) return;
    const { incidentId, seq, revision, duplicate } = ack;
    return /** @type {any} */ ({ incidentId, seq, revision, duplicate });
  }

  #check = () => {
    if (globalThis.document?.hidden) return;
    this.#run((machine) => machine.check());
  };

  /** A clock that counts sleep, and does not go back when the machine's is set. */
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
    if (this.#draining) return;
    this.#draining = true;
    for (let effect; (effect = machine.effects.shift()); ) this.#perform(effect);
    this.#draining = false;
    clearTimeout(this.#timer);
    if (machine.wakeAt === Infinity) return;
    this.#timer = setTimeout(() => this.#run(() => {}), machine.wakeAt - this.#clock());
  }

  /** @param {Effect} effect */
  #perform(effect) {
    if (effect.do === "open") void this.#open(effect.link, effect.filter);
    else if (effect.do === "send") this.#sockets.get(effect.link)?.send(effect.text);
    else if (effect.do === "close") this.#close(effect.link);
    else if (effect.do === "position") this.#position = effect.position;
    else {
      if (effect.type === "reset") this.#position = null;
      this.dispatchEvent(new CustomEvent(effect.type, { detail: effect.detail }));
    }
  }

  /** @param {number} link */
  #close(link) {
    const socket = this.#sockets.get(link);
    if (!socket) return;
    this.#sockets.delete(link);
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }

  /** @param {number} link @param {Filter} filter */
  async #open(link, filter) {
    try {
      const url = await called(this.#url, "unreachable");
      const token = await called(this.#options.token, "token_failed");
      if (this.#machine.links.has(link)) this.#connect(link, this.#address(url, filter), token);
    } catch (error) {
      const failure = error instanceof AlertaError ? error : new AlertaError("unreachable", String(error));
      this.#run((machine) => machine.closed(link, failure));
    }
  }

  /** @param {number} link @param {string} url @param {string | null | undefined} token */
  #connect(link, url, token) {
    const socket = new this.#WebSocket(url, ["alerta.v1", ...(token ? [`bearer.${token}`] : [])]);
    let open = false;
    let hint = "";
    this.#sockets.set(link, socket);
    socket.onopen = () => {
      open = true;
      this.#run((machine) => machine.opened(link));
    };
    socket.onmessage = (/** @type {MessageEvent} */ { data }) => {
      this.#run((machine) => machine.received(link, parse(data)));
    };
    socket.onerror = (/** @type {any} */ event) => (hint = event.message ?? "");
    socket.onclose = async (/** @type {CloseEvent} */ { code, reason }) => {
      this.#sockets.delete(link);
      const text = `${code} ${reason || hint}`.trim();
      const refused = !open && (/\b401$/.test(hint) || (await this.#probed()) === "unauthorized");
      const error = new AlertaError(refused ? "unauthorized" : open ? "disconnected" : "unreachable", text);
      this.#run((machine) => machine.closed(link, error, open ? code : 0));
    };
  }

  async #probed() {
    try {
      return await this.#options.probe?.();
    } catch {
      return "ok";
    }
  }

  /** @param {string} url @param {Filter} filter */
  #address(url, filter) {
    const { lang } = this.#options;
    const text = [lang ? `lang=${lang}` : "", query(filter)].filter(Boolean).join("&");
    return text ? `${url}${url.includes("?") ? "&" : "?"}${text}` : url;
  }
}

/**
 * @template T
 * @param {T | (() => T | Promise<T>)} value @param {string} code
 */
async function called(value, code) {
  try {
    return await (value instanceof Function ? value() : value);
  } catch (error) {
    throw error instanceof AlertaError ? error : new AlertaError(code, String(error), { cause: error });
  }
}

/** @param {unknown} data */
function parse(data) {
  try {
    return JSON.parse(String(data));
  } catch {
    return null;
  }
}
