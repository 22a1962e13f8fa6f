/** The client over a server that is killed, a network that goes silent, and a clock that jumps. */

import assert from "node:assert/strict";
import test from "node:test";

import { WebSocket } from "ws";

import { follow, live, proxy, report, server, service, states, until } from "./support.mjs";

test("reports and followers survive kill -9 of the server: nothing missed, nothing twice", async (t) => {
  const [reader, writer] = [follow(t), follow(t, { filter: { location: ["nowhere"] } })];
  await Promise.all([live(reader), live(writer)]);
  const acks = [];
  let writing = true;
  const work = (async () => {
    while (writing) acks.push(await writer.client.notify(report()));
  })();

  for (let round = 1; round <= 2; round += 1) {
    const so = acks.length;
    await until(() => acks.length >= so + 20);
    await server("kill");
    await until(() => reader.client.state !== "live");
    await server("launch");
    await live(reader);
  }
  writing = false;
  await work;
  await until(() => acks.every(({ incidentId }) => reader.held.has(incidentId)));

  assert.equal(new Set(acks.map(({ incidentId }) => incidentId)).size, acks.length);
  assert.equal(reader.held.size, acks.length);
  assert.equal(reader.resets, 1);
});

test("a snapshot of several pages is whole, with changes all the while", async (t) => {
  const writer = follow(t);
  await live(writer);
  const acks = [];
  for (let n = 0; n < 150; n += 1) acks.push(await writer.client.notify(report({ extra: "x".repeat(2_000) })));
  let moves = 0;
  let moving = true;
  const work = (async () => {
    for (; moving; moves += 1) {
      const { incidentId } = acks[moves % acks.length];
      await writer.client.update(incidentId, { urgency: moves % 2 ? "high" : "medium", note: "x" });
    }
  })();

  await until(() => moves > 5);
  const readers = [1, 2, 3].map(() => follow(t));
  await Promise.all(readers.map(live));
  await until(() => moves > 50);
  moving = false;
  await work;
  const { position } = writer.client;
  await until(() => readers.every(({ client }) => client.position === position));

  for (const reader of readers) {
    assert.deepEqual(reader.held, new Map([...writer.held].filter(([id]) => reader.held.has(id))));
    assert.ok(acks.every(({ incidentId }) => reader.held.has(incidentId)));
  }
});

test("another client continues from a position: it gets only the new changes, without a reset", async (t) => {
  const first = follow(t);
  await live(first);
  await first.client.notify(report());
  await until(() => first.held.size);
  let saved;
  first.client.addEventListener("incident", () => (saved = first.client.position));
  const before = await first.client.notify(report());
  await until(() => first.held.has(before.incidentId));
  first.client.stop();
  const other = follow(t);
  const { incidentId } = await other.client.notify(report());

  const second = follow(t, { position: saved });
  await live(second);

  assert.deepEqual([...second.held.keys()], [incidentId]);
  assert.equal(second.resets, 0);
  assert.equal(second.statuses.at(-1).recovered, 1);
});

test("messages from before the server starts wait in a bounded queue and are sent in order", async (t) => {
  const listener = follow(t);
  await live(listener);
  await server("kill");
  const reader = follow(t, { maxQueue: 3 });

  const sends = [1, 2, 3].map(() => reader.client.notify(report()));
  const over = await reader.client.notify(report()).catch(({ code }) => code);
  const wider = await reader.client.setFilter({}).catch(({ code }) => code);
  await until(() => states(reader).includes("waiting"));
  const { reason, retryAt } = reader.statuses.find(({ state }) => state === "waiting");
  await server("launch");
  const acks = await Promise.all(sends);
  await until(() => acks.every(({ incidentId }) => listener.held.has(incidentId)));

  assert.deepEqual([over, wider], ["queue_full", "queue_full"]);
  assert.deepEqual([reason.code, retryAt instanceof Date], ["unreachable", true]);
  const taken = acks.map(({ seq }) => seq);
  assert.deepEqual(taken, [...new Set(taken)].sort((a, b) => a - b));
});

test("a message that cannot be sent is refused locally, and stop() settles the waiting ones", async (t) => {
  const reader = follow(t, { url: "ws://127.0.0.1:9/dev" });
  const code = (promise) => promise.then(() => "settled", (error) => error.code);

  const big = code(reader.client.notify(report({ description: "é".repeat(20_000) })));
  const wide = code(reader.client.setFilter({ location: Array(50).fill("x".repeat(100)) }));
  const waits = code(reader.client.notify(report()));
  await big;
  reader.client.stop("bye");
  const late = code(reader.client.notify(report()));

  assert.deepEqual(await Promise.all([big, wide, waits, late]), [
    "too_large", "too_large", "stopped", "stopped",
  ]);
});

test("every problem of a message comes with its error, in the language that was chosen", async (t) => {
  const reader = follow(t, { lang: "es" });
  await live(reader);
  const problems = async () => {
    const error = await reader.client.notify({ type: "x", urgency: "?" }).catch((one) => one);
    return [error.name, error.code, error.errors.map(({ field }) => field), error.message];
  };

  const spanish = await problems();
  reader.client.setLang("en");
  const english = await until(async () => {
    const found = await problems();
    return found[3] !== spanish[3] && found;
  });

  const fields = ["incident.location", "incident.urgency"];
  assert.deepEqual(spanish, ["AlertaError", "invalid_incident", fields, "El incidente tiene campos no válidos."]);
  assert.deepEqual(english.slice(0, 3), ["AlertaError", "invalid_incident", fields]);
  assert.deepEqual(states(reader), ["connecting", "syncing", "live"]);
});

test("a ping detects a silent network, and another connection replaces the old one", async (t) => {
  const gate = await proxy(t);
  const reader = follow(t, { url: gate.url, timing: { idle: [200, 300], ping: 400 } });
  await live(reader);
  await until(() => reader.client.expiresAt);

  gate.silent = true;
  await until(() => reader.client.state === "waiting");
  const { reason } = reader.statuses.at(-1);
  gate.silent = false;
  await until(() => reader.client.state === "live");

  assert.equal(reason.code, "timeout");
});

test("a dead connection is replaced at once when the network is back or the page is visible again", async (t) => {
  const page = Object.assign(new EventTarget(), { hidden: true });
  const network = new EventTarget();
  const { addEventListener, removeEventListener } = globalThis;
  Object.assign(globalThis, {
    document: page,
    addEventListener: network.addEventListener.bind(network),
    removeEventListener: network.removeEventListener.bind(network),
  });
  t.after(() => Object.assign(globalThis, { document: undefined, addEventListener, removeEventListener }));
  const gate = await proxy(t);
  let sent = 0;
  class Counting extends WebSocket {
    send(text) {
      sent += 1;
      super.send(text);
    }
  }
  const timing = { ping: 300, backoff: [60_000, 60_000] };
  const reader = follow(t, { url: gate.url, WebSocket: Counting, timing });
  await live(reader);
  await until(() => reader.client.expiresAt);
  gate.silent = true;

  const before = sent;
  page.dispatchEvent(new Event("visibilitychange"));
  const hidden = sent - before;
  page.hidden = false;
  page.dispatchEvent(new Event("visibilitychange"));
  const seen = sent - before;
  await until(() => reader.client.state === "waiting");
  gate.silent = false;
  page.hidden = true;
  network.dispatchEvent(new Event("online"));
  await live(reader);
  reader.client.stop();
  network.dispatchEvent(new Event("online"));

  assert.deepEqual([hidden, seen, reader.client.state], [0, 1, "stopped"]);
  assert.equal(reader.statuses.filter(({ state }) => state === "waiting").length, 1);
});

test("after sleep, when the clock has jumped, the connection is checked at once", async (t) => {
  let asleep = 0;
  const gate = await proxy(t);
  const reader = follow(t, { url: gate.url, now: () => Date.now() + asleep, timing: { ping: 300 } });
  await live(reader);
  await until(() => reader.client.expiresAt);

  asleep += 1_000_000;
  const { incidentId } = await reader.client.notify(report());
  const survived = gate.accepted === 1;
  gate.silent = true;
  asleep += 1_000_000;
  await until(() => reader.client.state === "waiting");
  gate.silent = false;
  await live(reader);

  assert.ok(survived);
  assert.ok(reader.held.has(incidentId));
});

test("a clock that is set back stops nothing", async (t) => {
  let ahead = 10_000_000;
  const reader = follow(t, { now: () => Date.now() + ahead });
  await live(reader);

  ahead = 0;
  const gone = reader.client.notify(report());
  await server("kill");
  await until(() => reader.client.state === "waiting");
  await server("launch");
  await live(reader);

  assert.ok((await gone).incidentId);
});

test("without a WebSocket class there is an error that says so, and another try", async (t) => {
  const reader = follow(t, { WebSocket: null });

  await until(() => reader.errors.length > 1);

  assert.deepEqual([...new Set(reader.errors)], ["connect_failed"]);
});

test("the client asks for the address at each connection", async (t) => {
  const addresses = [() => { throw new Error("not yet"); }, async () => service.ws];
  const reader = follow(t, { url: () => (addresses.shift() ?? (() => service.ws))() });

  await live(reader);

  assert.deepEqual(reader.errors, ["connect_failed"]);
});

test("missing heartbeats reveal a silent network, and what was missed arrives over another connection", async (t) => {
  const gate = await proxy(t);
  const writer = follow(t);
  // With the waits of a service without a heartbeat, the client would ping after an hour.
  const reader = follow(t, { url: gate.url, timing: { idle: [3_600_000, 3_600_000] } });
  await Promise.all([live(writer), live(reader)]);
  await until(() => reader.client.expiresAt);

  gate.silent = true;
  const { incidentId } = await writer.client.notify(report());
  await until(() => reader.client.state === "waiting");
  const { reason } = reader.statuses.at(-1);
  gate.silent = false;
  await live(reader);

  assert.equal(reason.code, "timeout");
  await until(() => reader.held.has(incidentId));
  assert.ok(reader.client.silenceMs < 3_600_000);
});
