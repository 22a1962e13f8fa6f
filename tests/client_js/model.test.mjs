/**
 * The client ends with the service's state, and gets each step once, in spite of lost, repeated and
 * reordered frames, cut connections, missing answers, restores, sleep, other filters, messages of
 * its own at the same time, and connections that the service loses.
 */

import assert from "node:assert/strict";
import test from "node:test";

import { AlertaError } from "../../frontend/client/client.js";
import { Bench, broadcast, error, seeded } from "./bench.mjs";

const SEEDS = Number(process.env.SEEDS ?? 300);
const STEPS = 120;
const IDS = "abcdefgh";
const FILTERS = [{}, { urgency: ["high"] }, { urgency: ["low"] }, {}];
const PAGE = 3;
const HEARTBEAT_S = 480;

const matches = (filter, one) => !filter.urgency || filter.urgency.includes(one.urgency);

/** The service: a feed of changes, and the rules of `sync`. */
class FakeFeed {
  epoch = "e1";
  changes = [];
  incidents = new Map();
  acks = new Map();
  revisions = new Map();

  get position() {
    return `${this.epoch}:${this.changes.length}`;
  }

  commit(id, urgency, open) {
    const before = this.incidents.get(id);
    // Revisions go on over restores, so that a reader's record can be checked by them.
    const revision = (this.revisions.get(id) ?? 0) + 1;
    const seq = this.changes.length + 1;
    const after = { incidentId: id, seq, revision, urgency, status: open ? "pendiente" : "resuelto" };
    this.revisions.set(id, revision);
    this.incidents.set(id, after);
    this.changes.push({ before, after });
    return this.changes.at(-1);
  }

  /** Lose the latest changes, as a restore does. */
  restore(keep) {
    this.epoch = `e${Number(this.epoch.slice(1)) + 1}`;
    this.changes.length = keep;
    this.incidents = new Map(this.changes.map(({ after }) => [after.incidentId, after]));
    this.acks.clear();
  }

  concerns(filter, { before, after }) {
    return matches(filter, after) || Boolean(before && matches(filter, before));
  }

  page(filter, since, cursor) {
    const [epoch, seq] = (since ?? "").split(":");
    if (!cursor && epoch === this.epoch && Number(seq) <= this.changes.length) {
      return this.changesSince(filter, Number(seq));
    }
    const [cursorEpoch, position, before] = (cursor ?? "").split(" ");
    const goesOn = cursorEpoch === this.epoch;
    const open = [...this.incidents.values()]
      .filter((one) => one.status === "pendiente" && matches(filter, one))
      .sort((one, other) => other.seq - one.seq)
      .filter((one) => !goesOn || one.seq < Number(before));
    const incidents = open.slice(0, PAGE);
    const at = goesOn ? Number(position) : this.changes.length;
    const next = open.length > PAGE ? `${this.epoch} ${at} ${incidents.at(-1).seq}` : undefined;
    return {
      incidents,
      position: `${this.epoch}:${at}`,
      more: Boolean(next) || at < this.changes.length,
      reset: !goesOn,
      cursor: next,
    };
  }

  changesSince(filter, seq) {
    const latest = new Map();
    const some = this.changes.slice(seq, seq + 2 * PAGE);
    for (const change of some) {
      const { after } = change;
      if (!latest.has(after.incidentId) && !this.concerns(filter, change)) continue;
      latest.delete(after.incidentId);
      latest.set(after.incidentId, after);
    }
    const at = seq + some.length;
    const more = at < this.changes.length;
    return { incidents: [...latest.values()], position: `${this.epoch}:${at}`, more, reset: false };
  }

  answer(filter, message, restored) {
    if (message.action === "sync") return { type: "sync", ...this.page(filter, message.since, message.cursor) };
    if (message.action === "ping") {
      return { type: "pong", position: this.position, heartbeatSeconds: HEARTBEAT_S, restored };
    }
    return { type: "ack" };
  }
}

/** A client on the bench, that service, and everything between them. */
class Simulation {
  service = new FakeFeed();
  filter = {};
  /**
   * By connection: the frames on their way to the client; the service's filter for it, whether the
   * service has lost it, and whether it has restored it, without filter and heartbeat.
   */
  lines = new Map();
  held = new Map();
  sends = [];

  constructor(seed) {
    this.random = seeded(seed);
    this.bench = new Bench({ random: this.random });
    this.bench.do("start");
  }

  chance(part) {
    return this.random() < part;
  }

  pick(list) {
    return list[Math.floor(this.random() * list.length)];
  }

  /** Let one random event happen; with `kind` nothing is lost any more. */
  step(kind = false) {
    const lines = [...this.lines.keys()].filter((link) => this.bench.machine.links.has(link));
    this.lines = new Map(lines.map((link) => [link, this.lines.get(link)]));
    const link = this.pick(lines);
    const what = this.random();
    if (what < 0.25) this.connect(kind);
    else if (link && what < 0.5) this.serve(link, kind);
    else if (link && what < 0.85) this.deliver(link, kind);
    else if (what < 0.93) this.bench.pass(this.pick([50, 500, 2_500]));
    else if (!kind) this.disturb(link);
    this.hear();
  }

  connect(kind) {
    const link = this.pick(this.bench.opening);
    if (!link) return;
    this.bench.opening = this.bench.opening.filter((one) => one !== link);
    if (!kind && this.chance(0.3)) return this.bench.do("closed", link, new AlertaError("unreachable"));
    this.lines.set(link, { filter: link.filter, frames: [], lost: false, restored: false });
    this.bench.do("opened", link);
  }

  /** The service handles one message, in any order. */
  serve(link, kind) {
    const line = this.lines.get(link);
    const waiting = this.bench.of(link);
    if (!waiting.length) return;
    const [message] = waiting.splice(Math.floor(this.random() * waiting.length), 1);
    const { requestId } = message;
    if (!kind && this.chance(0.1)) {
      const gateway = { message: "Internal server error", requestId: "its own" };
      line.frames.push(this.pick([error("unavailable", { requestId }), gateway]));
      return;
    }
    if (line.lost) Object.assign(line, { lost: false, restored: true, filter: {} });
    if (message.action === "subscribe") line.filter = message.filter;
    if (message.action === "notify") this.submit(message.key);
    if (!kind && this.chance(0.05)) return; // the answer gets lost
    line.frames.push({ ...this.service.answer(line.filter, message, line.restored), requestId });
  }

  /** `notify` is stored once for each key. */
  submit(key) {
    if (this.service.acks.has(key)) return;
    this.service.acks.set(key, true);
    this.commit();
  }

  commit() {
    const change = this.service.commit(this.pick(IDS), this.pick(["high", "low"]), this.chance(0.7));
    for (const line of this.lines.values()) {
      if (line.lost || !this.service.concerns(line.filter, change)) continue;
      for (let copies = this.pick([0, 1, 1, 1, 1, 2]); copies; copies -= 1) {
        line.frames.push(broadcast(change.after, this.service.epoch));
      }
    }
  }

  beat() {
    for (const line of this.lines.values()) {
      if (!line.lost && !line.restored) line.frames.push({ type: "position", position: this.service.position });
    }
  }

  deliver(link) {
    const { frames } = this.lines.get(link);
    if (!frames.length) return;
    const [frame] = frames.splice(Math.floor(this.random() * Math.min(4, frames.length)), 1);
    this.bench.do("received", link, frame);
  }

  disturb(link) {
    const { bench } = this;
    const what = this.random();
    if (what < 0.4) for (let n = 0; n < 3; n += 1) this.commit();
    else if (what < 0.47) this.beat();
    else if (what < 0.5 && link) this.lines.get(link).lost = true;
    else if (what < 0.65) link && bench.do("closed", link, new AlertaError("disconnected"));
    else if (what < 0.7) bench.sleep(this.pick([30_000, 200_000, 3_600_000]));
    else if (what < 0.75) bench.do("check");
    else if (what < 0.8) bench.do("reconnect");
    else if (what < 0.82) this.service.restore(Math.floor(this.random() * this.service.changes.length));
    else if (what < 0.9) this.subscribe(this.pick(FILTERS));
    else this.sends.push(bench.send({ action: "notify", key: this.sends.length }));
  }

  subscribe(filter) {
    if (this.asked && !this.asked.outcome.settled) return;
    this.asked = { filter, outcome: this.bench.send({ action: "subscribe", filter }, { filter }) };
  }

  /** Read the events: never one twice, never an older state after a newer one. */
  hear() {
    if (this.asked?.outcome.settled) this.filter = this.asked.filter;
    for (const { type, incident: one } of this.bench.emitted.splice(0)) {
      if (type === "reset") this.held.clear();
      if (type !== "incident") continue;
      const known = this.held.get(one.incidentId)?.revision ?? 0;
      assert.ok(one.revision > known, `${one.incidentId}: ${one.revision} after ${known}`);
      this.held.set(one.incidentId, one);
    }
    this.check();
  }

  /** Check that everything up to the position is known. */
  check() {
    const [epoch, seq] = (this.bench.machine.position() ?? "").split(":");
    if (epoch !== this.service.epoch) return;
    for (const one of this.service.incidents.values()) {
      if (one.seq > Number(seq) || one.status !== "pendiente" || !matches(this.filter, one)) continue;
      assert.deepEqual(this.held.get(one.incidentId), one);
    }
  }

  /** Run without faults for as long as the detection of a loss can take. */
  settle() {
    for (let round = 0; round < 400; round += 1) {
      while (this.busy) this.step(true);
      if ((round * 5) % HEARTBEAT_S === 0) this.beat();
      this.bench.pass(5_000);
      this.hear();
    }
  }

  get busy() {
    const { opening, machine } = this.bench;
    const lines = [...this.lines].filter(([link]) => machine.links.has(link));
    return opening.length || lines.some(([link, { frames }]) => frames.length || this.bench.of(link).length);
  }
}

test("hundreds of random histories end with the service's state", () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const simulation = new Simulation(seed);

    try {
      for (let step = 0; step < STEPS; step += 1) simulation.step();
      simulation.settle();

      const { machine } = simulation.bench;
      const open = [...simulation.service.incidents.values()].filter(({ status }) => status === "pendiente");
      const expected = open.filter((one) => matches(simulation.filter, one));
      const held = [...simulation.held.values()].filter(({ status }) => status === "pendiente");
      const bySeq = (one, other) => one.seq - other.seq;
      assert.equal(machine.state(), "live");
      for (const link of machine.links) assert.ok(!simulation.lines.get(link).restored);
      assert.deepEqual(held.filter((one) => matches(simulation.filter, one)).sort(bySeq), expected.sort(bySeq));
      assert.ok(simulation.sends.every(({ settled }) => settled?.type === "ack"));
    } catch (failure) {
      throw new Error(`with seed ${seed}`, { cause: failure });
    }
  }
});
