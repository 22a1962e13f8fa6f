/** The outcome of sent messages, and a change of filter. */

import assert from "node:assert/strict";
import test from "node:test";

import { Bench, broadcast, error, incident, lost } from "./bench.mjs";

test("messages are sent one at a time and in order, also those from before the connection", () => {
  const bench = new Bench();
  bench.do("start");
  const outcomes = ["one", "two", "three"].map((name) => bench.send({ action: "notify", name }));

  const link = bench.open();
  const names = outcomes.map(() => {
    const waiting = bench.of(link).filter(({ action }) => action === "notify");
    assert.equal(waiting.length, 1);
    return bench.answer(link, "notify", { type: "ack", seq: 1 }).name;
  });

  assert.deepEqual(names, ["one", "two", "three"]);
  assert.ok(outcomes.every(({ settled }) => settled.seq === 1));
});

test("a message without an ack when the connection broke is sent again before the others", () => {
  const bench = new Bench();
  const first = bench.live();
  bench.send({ action: "notify", idempotencyKey: "k1" });
  bench.send({ action: "notify", idempotencyKey: "k2" });

  bench.do("closed", first, lost());
  bench.nextAttempt();
  const second = bench.open();
  const keys = ["k1", "k2"].map(() => bench.answer(second, "notify", { type: "ack" }).idempotencyKey);

  assert.deepEqual(keys, ["k1", "k2"]);
});

test("an update that cannot be repeated has an unknown outcome", () => {
  const bench = new Bench();
  const link = bench.live();
  const onItsWay = bench.send({ action: "update" }, { again: false });
  const waiting = bench.send({ action: "update" }, { again: false });

  bench.do("closed", link, lost());
  bench.nextAttempt();
  bench.answer(bench.open(), "update", { type: "ack", seq: 1 });

  assert.equal(onItsWay.settled, "unknown_outcome");
  assert.equal(waiting.settled.seq, 1);
});

test("a conflict of a repeated update has an unknown outcome", () => {
  const bench = new Bench();
  const link = bench.live();
  const outcome = bench.send({ action: "update", revision: 1 });

  bench.do("closed", link, lost());
  bench.nextAttempt();
  bench.answer(bench.open(), "update", error("conflict"));

  assert.equal(outcome.settled, "unknown_outcome");
});

test("a message without an answer ends the connection and is sent again", () => {
  const bench = new Bench();
  const link = bench.live();
  bench.send({ action: "notify", idempotencyKey: "k" });

  bench.pass(35_000);
  bench.nextAttempt();

  assert.deepEqual(bench.closed, [link]);
  assert.equal(bench.take(bench.open(), "notify").idempotencyKey, "k");
});

test("an error settles its message, and the next one is sent", () => {
  const bench = new Bench();
  const link = bench.live();
  const bad = bench.send({ action: "notify" });
  const good = bench.send({ action: "notify" });

  bench.answer(link, "notify", error("invalid_incident"));
  bench.answer(link, "notify", { type: "ack", seq: 2 });

  assert.deepEqual([bad.settled, good.settled.seq], ["invalid_incident", 2]);
});

test("rate_limited waits for retryAfter and sends again", () => {
  const bench = new Bench();
  const link = bench.live();
  const outcomes = ["one", "two"].map((name) => bench.send({ action: "notify", name }));

  bench.answer(link, "notify", error("rate_limited", { retryAfter: 7 }));
  bench.pass(6_900);
  const early = bench.of(link).length;
  bench.pass(200);
  const names = outcomes.map(() => bench.answer(link, "notify", { type: "ack", seq: 2 }).name);

  assert.equal(early, 0);
  assert.deepEqual(names, ["one", "two"]);
  assert.ok(outcomes.every(({ settled }) => settled.seq === 2));
});

test("unavailable is retried with a growing backoff if that is safe", () => {
  const bench = new Bench({ random: () => 1 });
  const link = bench.live();
  const unsafe = bench.send({ action: "update" }, { again: false });
  const safe = bench.send({ action: "notify" });
  const waits = [];

  bench.answer(link, "update", error("unavailable"));
  for (let round = 0; round < 3; round += 1) {
    const begin = bench.now;
    bench.answer(link, "notify", error("unavailable"));
    while (!bench.of(link).length) bench.pass(500);
    waits.push((bench.now - begin) / 1000);
  }
  bench.answer(link, "notify", { type: "ack", seq: 2 });
  const next = bench.send({ action: "notify" });
  bench.answer(link, "notify", error("unavailable"));
  bench.pass(1_000);
  bench.answer(link, "notify", { type: "ack", seq: 3 });

  assert.deepEqual([unsafe.settled, safe.settled.seq, waits], ["unavailable", 2, [1, 2, 4]]);
  assert.equal(next.settled.seq, 3);
});

test("an error frame of API Gateway itself belongs to the pending message, which is retried", () => {
  const bench = new Bench();
  const link = bench.live();
  const outcome = bench.send({ action: "notify" });
  const frame = { message: "Internal server error", connectionId: "c=", requestId: "its own" };

  bench.take(link, "notify");
  bench.do("received", link, frame);
  bench.pass(1_000);
  bench.answer(link, "notify", { type: "ack", seq: 2 });

  assert.equal(outcome.settled.seq, 2);
});

test("an error frame of API Gateway itself repeats a pending sync", () => {
  const bench = new Bench();
  bench.do("start");
  const link = bench.open();

  bench.take(link, "sync");
  bench.do("received", link, { message: "Internal server error", requestId: "its own" });
  bench.pass(1_000);
  bench.page(link, [], 10, { reset: true });

  assert.equal(bench.machine.state(), "live");
});

test("an error without a requestId belongs to the pending message", () => {
  const bench = new Bench();
  const link = bench.live();
  const outcome = bench.send({ action: "notify" });

  bench.do("check");
  bench.do("received", link, error("bad_json"));

  assert.equal(outcome.settled, "bad_json");
});

test("unauthorized in answer to a message opens a new connection and repeats the message", () => {
  const bench = new Bench();
  const link = bench.live();
  const outcome = bench.send({ action: "update" }, { again: false });

  bench.answer(link, "update", error("unauthorized"));
  bench.nextAttempt();
  bench.answer(bench.open(), "update", { type: "ack", seq: 2 });

  assert.deepEqual(bench.closed, [link]);
  assert.equal(outcome.settled.seq, 2);
});

test("a new filter: subscribe, then a snapshot of the new view; pages of the old one are ignored", () => {
  const bench = new Bench();
  const link = bench.live(10);
  const filter = { urgency: ["high"] };
  bench.do("received", link, broadcast(incident("a", 12)));
  bench.pass(3_000);
  const stale = bench.take(link, "sync");

  const outcome = bench.send({ action: "subscribe", filter }, { filter });
  bench.do("received", link, { type: "sync", incidents: [], position: "e:12", requestId: stale.requestId });
  const position = bench.machine.position();
  bench.answer(link, "subscribe", { type: "ack" });
  const state = bench.machine.state();
  const asked = bench.page(link, [], 13, { reset: true });

  assert.deepEqual([position, state, asked.since], ["e:10", "syncing", null]);
  assert.ok(outcome.settled);
  assert.equal(bench.machine.state(), "live");
});

test("a filter that is refused changes nothing", () => {
  const bench = new Bench();
  const link = bench.live(10);

  const outcome = bench.send({ action: "subscribe" }, { filter: { urgency: ["?"] } });
  bench.answer(link, "subscribe", error("invalid_request"));

  assert.equal(outcome.settled, "invalid_request");
  assert.deepEqual([bench.machine.position(), bench.emitted.length], ["e:10", 0]);
});

test("a connection that is opening with the earlier filter is replaced", () => {
  const bench = new Bench();
  const first = bench.live(10);
  const filter = { urgency: ["high"] };

  bench.do("reconnect");
  bench.send({ action: "subscribe", filter }, { filter });
  bench.answer(first, "subscribe", { type: "ack" });
  const renewed = bench.opening.at(-1);

  assert.deepEqual([bench.closed.length, renewed.filter], [1, filter]);
});

test("a filter set over a connection that is replaced meanwhile is sent again", () => {
  const bench = new Bench();
  const first = bench.live(10);
  const filter = { urgency: ["high"] };
  bench.do("reconnect");
  const outcome = bench.send({ action: "subscribe", filter }, { filter });

  const second = bench.open();
  bench.answer(first, "subscribe", { type: "ack" });
  bench.answer(second, "subscribe", { type: "ack" });
  bench.page(second, [], 11, { reset: true });

  assert.ok(outcome.settled);
  assert.deepEqual([bench.closed, bench.machine.state()], [[first], "live"]);
});
