/** A test bench for the client's machine: a manual clock and simulated connections. */

import assert from "node:assert/strict";

import { AlertaError, newFeed, newMachine } from "../../frontend/client/client.js";

export const MINUTE = 60_000;
export const TIMING = {
  connect: 15_000,
  send: 35_000,
  sync: 35_000,
  ping: 8_000,
  idle: [240_000, 300_000],
  heartbeats: [1.1, 1.2],
  idleClose: [582_000, 690_000],
  gap: [2_000, 3_000],
  resync: [60_000, 90_000],
  backoff: [1_000, 30_000],
  stable: 30_000,
  renew: [0.75, 0.95],
  life: 7_200_000,
  beat: 20_000,
  slept: 100_000,
};

/** A reproducible source of numbers from 0 to 1 (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An incident as the service sends it. */
export const incident = (id, seq, revision = 1, more = {}) => ({
  incidentId: id,
  seq,
  revision,
  status: "pendiente",
  ...more,
});
export const broadcast = (one, epoch = "e") => ({
  type: "incident_update",
  incident: one,
  position: `${epoch}:${one.seq}`,
});

/** A machine that records everything it does. */
export class Bench {
  now = 1_800_000_000_000;
  opening = [];
  closed = [];
  emitted = [];
  wait = Infinity;

  constructor({ position = null, filter = {}, random = () => 0.5, timing = {} } = {}) {
    this.sent = new Map();
    this.machine = newMachine(newFeed(position), filter, { ...TIMING, ...timing }, {
      now: () => this.now,
      random,
      open: (link) => this.opening.push(link),
      close: (link) => {
        this.closed.push(link);
        this.opening = this.opening.filter((one) => one !== link);
      },
      send: (link, text) => this.of(link).push(JSON.parse(text)),
      emit: (type, detail) => this.emitted.push({ type, ...detail }),
    });
  }

  /** The messages sent over a connection that have no answer yet. */
  of(link) {
    if (!this.sent.has(link)) this.sent.set(link, []);
    return this.sent.get(link);
  }

  /** Apply an event, then let the machine decide. */
  do(method, ...args) {
    this.machine[method](...args);
    this.wait = this.machine.decide();
  }

  /** Advance the clock, and wake the machine when it asks for it. */
  pass(ms) {
    const end = this.now + ms;
    while (this.now + this.wait <= end) {
      this.now += this.wait;
      this.wait = this.machine.decide();
    }
    this.now = end;
    this.wait = this.machine.decide();
  }

  /** Advance the clock, and answer every ping. */
  idle(link, ms) {
    for (const end = this.now + ms; this.now < end; this.pass(5_000)) {
      while (this.of(link).length) {
        const { requestId, action } = this.of(link).shift();
        assert.equal(action, "ping");
        this.do("received", link, { type: "pong", position: this.machine.position(), requestId });
      }
    }
  }

  /** Advance the clock without waking the machine, as in sleep. */
  sleep(ms) {
    this.now += ms;
    this.wait = this.machine.decide();
  }

  /** Open the connection that is being opened. */
  open() {
    assert.equal(this.opening.length, 1);
    const link = this.opening.pop();
    this.do("opened", link);
    return link;
  }

  /** Take the message of this action that waits for its answer, if there is one. */
  take(link, action) {
    const at = this.of(link).findIndex((message) => message.action === action);
    return at < 0 ? undefined : this.of(link).splice(at, 1)[0];
  }

  /** Answer the message of this action. */
  answer(link, action, frame) {
    const asked = this.take(link, action);
    assert.ok(asked, `${action} was not asked`);
    this.do("received", link, { ...frame, requestId: asked.requestId });
    return asked;
  }

  /** Answer a `sync` with one page. */
  page(link, incidents, seq, more = {}) {
    const frame = { type: "sync", incidents, position: `e:${seq}`, more: false, reset: false };
    return this.answer(link, "sync", { ...frame, ...more });
  }

  pong(link, seq, lifeMs = 7_000_000, more = {}) {
    const expiresAt = new Date(this.now + lifeMs).toISOString();
    return this.answer(link, "ping", { type: "pong", position: `e:${seq}`, expiresAt, ...more });
  }

  /** Deliver the service's heartbeat. */
  beat(link, seq) {
    this.do("received", link, { type: "position", position: `e:${seq}` });
  }

  /** Like `live`, with a service that sends a heartbeat every 25 s. */
  beating(seq = 10, options = {}) {
    this.do("start");
    const link = this.open();
    this.page(link, [], seq, { reset: true });
    this.pong(link, seq, undefined, { heartbeatSeconds: 25, ...options });
    this.emitted.length = 0;
    return link;
  }

  /** Open a connection that has its snapshot at `seq`, and its first pong. */
  live(seq = 10, incidents = []) {
    this.do("start");
    const link = this.open();
    this.page(link, incidents, seq, { reset: true });
    this.pong(link, seq);
    this.emitted.length = 0;
    return link;
  }

  /** Wait for the next attempt to connect. */
  nextAttempt() {
    for (const end = this.now + 31_000; !this.opening.length && this.now < end; ) this.pass(this.wait);
  }

  /** Ask the machine to send; return the outcome. */
  send(message, { again = true, filter } = {}) {
    const outcome = { settled: null };
    const item = {
      message,
      again,
      filter,
      resolve: (ack) => (outcome.settled = ack),
      reject: (error) => (outcome.settled = error.code),
    };
    this.machine.outbox.push(item);
    this.wait = this.machine.decide();
    return outcome;
  }

  /** Return `[type, incidentId, revision]` of the new events, except status. */
  news() {
    const emitted = this.emitted.splice(0).filter(({ type }) => type !== "status");
    return emitted.map(({ type, incident: one }) => (one ? [type, one.incidentId, one.revision] : [type]));
  }
}

export const lost = () => new AlertaError("disconnected", "1006");
export const unreachable = () => new AlertaError("unreachable");
export const error = (code, more = {}) => ({ type: "error", code, message: code, ...more });
