/** When the client connects, asks, renews and gives up: each rule by itself. */

import assert from "node:assert/strict";
import test from "node:test";

import { AlertaError } from "../../alerta_utec/panel/client.js";
import { Bench, MINUTE, broadcast, error, incident } from "./bench.mjs";

const lost = () => new AlertaError("disconnected", "1006");
const unreachable = () => new AlertaError("unreachable");

test("a first connection tells a snapshot and is live", () => {
  const bench = new Bench();

  bench.do("start");
  const link = bench.open();
  const asked = bench.page(link, [incident("a", 3), incident("b", 9, 4)], 10, { reset: true });

  assert.equal(asked.since, null);
  assert.deepEqual(bench.told.map(({ type, state }) => state ?? type), [
    "connecting", "syncing", "reset", "incident", "incident", "live",
  ]);
  assert.equal(bench.told.at(-1).recovered, null);
  assert.equal(bench.machine.position(), "e:10");
});

test("updates that overtake a page of the snapshot are kept, and older states are not told after", () => {
  const bench = new Bench();
  bench.do("start");
  const link = bench.open();

  bench.page(link, [incident("a", 9)], 10, { reset: true, more: true, cursor: "c1" });
  bench.do("received", link, broadcast(incident("b", 11, 2)));
  const second = bench.page(link, [incident("b", 4, 1), incident("c", 3)], 10);

  assert.equal(second.cursor, "c1");
  assert.deepEqual(bench.news(), [
    ["reset"], ["incident", "a", 1], ["incident", "b", 2], ["incident", "c", 1],
  ]);
  assert.equal(bench.machine.position(), "e:11");
});

test("an update from before the snapshot that comes late is old news", () => {
  const bench = new Bench();
  bench.do("start");
  const link = bench.open();

  bench.page(link, [incident("a", 9, 2)], 10, { reset: true, cursor: "c1" });
  bench.do("received", link, broadcast(incident("a", 8, 1)));
  bench.do("received", link, broadcast(incident("b", 7, 1)));
  bench.page(link, [], 10);

  assert.deepEqual(bench.news(), [["reset"], ["incident", "a", 2]]);
});

test("an update before the first page is asked for again, since its page may lack it", () => {
  const bench = new Bench();
  bench.do("start");
  const link = bench.open();

  bench.do("received", link, broadcast(incident("a", 11)));
  bench.page(link, [], 10, { reset: true });
  const again = bench.page(link, [incident("a", 11)], 11);

  assert.equal(again.since, "e:10");
  assert.deepEqual(bench.news(), [["reset"], ["incident", "a", 1]]);
});

test("with a position it begins with what it has missed, and says how much that was", () => {
  const bench = new Bench({ position: "e:5" });

  bench.do("start");
  const link = bench.open();
  const first = bench.page(link, [incident("a", 6)], 8, { more: true });
  const second = bench.page(link, [incident("b", 9)], 9);

  assert.deepEqual([first.since, second.since], ["e:5", "e:8"]);
  assert.equal(bench.told.at(-1).state, "live");
  assert.equal(bench.told.at(-1).recovered, 2);
});

test("updates out of order are told once each, and never an older one after a newer", () => {
  const bench = new Bench();
  const link = bench.live(10);

  for (const one of [incident("a", 12, 2), incident("a", 11, 1), incident("a", 12, 2), incident("b", 13)]) {
    bench.do("received", link, broadcast(one));
  }

  assert.deepEqual(bench.news(), [["incident", "a", 2], ["incident", "b", 1]]);
  assert.equal(bench.machine.position(), "e:13");
});

test("a missing update is given two to three seconds, then asked for", () => {
  const bench = new Bench();
  const link = bench.live(10);

  bench.do("received", link, broadcast(incident("b", 12)));
  bench.pass(2_000);
  const early = bench.take(link, "sync");
  bench.pass(1_000);
  const asked = bench.page(link, [incident("a", 11), incident("b", 12)], 12);

  assert.equal(early, undefined);
  assert.equal(asked.since, "e:10");
  assert.deepEqual(bench.news(), [["incident", "b", 1], ["incident", "a", 1]]);
});

test("an update that was only late is not asked for", () => {
  const bench = new Bench();
  const link = bench.live(10);

  bench.do("received", link, broadcast(incident("b", 12)));
  bench.pass(1_000);
  bench.do("received", link, broadcast(incident("a", 11)));
  bench.pass(10_000);

  assert.equal(bench.take(link, "sync"), undefined);
});

test("asking for a gap in vain is repeated ever more rarely", () => {
  const bench = new Bench();
  const link = bench.live(10);
  bench.do("received", link, broadcast(incident("b", 12)));
  const waits = [];

  for (let round = 0; round < 5; round += 1) {
    const begin = bench.now;
    while (!bench.of(link).length) bench.pass(100);
    waits.push(Math.round((bench.now - begin) / 500) / 2);
    bench.page(link, [], 10);
  }

  assert.deepEqual(waits, [2.5, 5, 10, 20, 40]);
});

test("with a filter a gap is natural and not asked for soon, and a pong ahead is, once a minute", () => {
  const bench = new Bench({ filter: { urgency: ["high"] } });
  const link = bench.live(10);

  bench.do("received", link, broadcast(incident("b", 12)));
  bench.pass(3.5 * MINUTE);
  assert.equal(bench.take(link, "sync"), undefined);
  bench.do("check");
  bench.pong(link, 20);
  const asked = bench.page(link, [], 20);
  bench.do("check");
  bench.pong(link, 21);
  bench.pass(59_000);
  assert.equal(bench.take(link, "sync"), undefined);
  bench.pass(31_000);

  assert.equal(asked.since, "e:10");
  assert.equal(bench.take(link, "sync").since, "e:20");
});

test("with a filter a change that got lost comes within minutes on a busy connection too", () => {
  const bench = new Bench({ filter: { urgency: ["high"] } });
  const link = bench.live(10);

  for (let seq = 12; bench.of(link).length === 0 && seq < 40; seq += 2) {
    bench.do("received", link, broadcast(incident(`i${seq}`, seq)));
    bench.pass(20_000);
  }

  assert.equal(bench.take(link, "sync").since, "e:10");
});

test("a pong that is ahead counts as a gap", () => {
  const bench = new Bench();
  const link = bench.live(10);

  bench.do("check");
  bench.pong(link, 11);
  bench.pass(3_000);

  assert.equal(bench.take(link, "sync").since, "e:10");
});

test("holes that others follow while they are filled are not asked for", () => {
  const bench = new Bench();
  const link = bench.live(10);

  for (let seq = 11; seq < 31; seq += 2) {
    bench.do("received", link, broadcast(incident(`i${seq + 1}`, seq + 1)));
    bench.pass(1_500);
    bench.do("received", link, broadcast(incident(`i${seq + 3}`, seq + 3)));
    bench.do("received", link, broadcast(incident(`i${seq}`, seq)));
  }

  assert.deepEqual(bench.of(link), []);
});

test("a snapshot that is older than what was heard before it is completed at once", () => {
  const bench = new Bench();
  bench.do("start");
  const first = bench.open();
  bench.page(first, [], 10, { reset: true, cursor: "c1" });
  bench.do("received", first, broadcast(incident("a", 13)));
  bench.do("closed", first, lost());
  bench.nextAttempt();

  const second = bench.open();
  bench.page(second, [], 11, { reset: true });
  const asked = bench.page(second, [incident("a", 13)], 13);

  assert.equal(asked.since, "e:11");
  assert.deepEqual(bench.news().slice(-2), [["reset"], ["incident", "a", 1]]);
});

test("after another epoch's snapshot nothing is looked for that was in the one before", () => {
  const bench = new Bench();
  const link = bench.live(500);
  bench.do("received", link, broadcast(incident("a", 2), "f"));
  bench.page(link, [], 0, { reset: true, position: "f:3" });
  bench.page(link, [], 0, { position: "f:3" });

  bench.pass(60_000);

  assert.deepEqual(bench.of(link), []);
});

test("a position of another epoch leads to a fresh snapshot", () => {
  const bench = new Bench();
  const link = bench.live(10, [incident("a", 3, 7)]);

  bench.do("received", link, broadcast(incident("a", 2, 1), "f"));
  bench.page(link, [incident("a", 2, 1)], 0, { reset: true, position: "f:2" });

  assert.deepEqual(bench.news(), [["reset"], ["incident", "a", 1]]);
  assert.equal(bench.machine.position(), "f:2");
});

test("what runs ahead is bounded; the rest is let pass and asked for", () => {
  const bench = new Bench();
  const link = bench.live(10);

  for (let n = 0; n < 10_001; n += 1) {
    bench.machine.received(link, broadcast(incident(`i${n}`, 12 + n)));
  }
  bench.do("received", link, broadcast(incident("last", 20_000)));
  const known = bench.news().length;
  bench.page(link, [incident("last", 20_000)], 20_000);
  const position = bench.machine.position();
  bench.do("received", link, broadcast(incident("next", 20_002)));

  assert.deepEqual([known, position], [10_000, "e:20000"]);
  assert.deepEqual(bench.news(), [["incident", "last", 1], ["incident", "next", 1]]);
});

test("silence of four to five minutes is broken by a ping", () => {
  const bench = new Bench();
  const link = bench.live();

  bench.pass(4 * MINUTE - 1_000);
  const early = bench.of(link).length;
  bench.pass(MINUTE + 2_000);

  assert.equal(early, 0);
  assert.deepEqual(bench.of(link).map(({ action }) => action), ["ping"]);
});

test("a connection on which something arrives is not pinged", () => {
  const bench = new Bench();
  const link = bench.live(10);

  for (let seq = 11; seq < 31; seq += 1) {
    bench.pass(MINUTE);
    bench.do("received", link, broadcast(incident("a", seq, seq)));
  }

  assert.deepEqual(bench.of(link), []);
});

test("a ping without an answer ends the connection", () => {
  const bench = new Bench();
  const link = bench.live();

  bench.do("check");
  bench.pass(7_000);
  const before = bench.machine.state();
  bench.pass(1_000);

  assert.equal(before, "live");
  assert.deepEqual(bench.closed, [link]);
  assert.equal(bench.told.at(-1).reason.code, "timeout");
});

test("an error in answer to a ping is a sign of life", () => {
  const bench = new Bench();
  const link = bench.live();

  bench.do("check");
  bench.answer(link, "ping", error("unavailable"));
  bench.pass(MINUTE);

  assert.deepEqual(bench.closed, []);
  assert.equal(bench.machine.state(), "live");
});

test("waits between attempts are drawn from zero to a ceiling that doubles up to 30 s", () => {
  for (const [drawn, ceilings] of [[1, [1, 2, 4, 8, 16, 30, 30]], [0.25, [0.25, 0.5, 1, 2, 4, 7.5, 7.5]]]) {
    const bench = new Bench({ random: () => drawn });
    const waits = [];

    bench.do("start");
    for (let attempt = 0; attempt < 7; attempt += 1) {
      const from = bench.now;
      bench.do("closed", bench.opening.pop(), unreachable());
      bench.nextAttempt();
      waits.push((bench.now - from) / 1000);
    }

    assert.deepEqual(waits, ceilings);
  }
});

test("the waits start again only after a connection that has lasted", () => {
  const bench = new Bench({ random: () => 1 });
  const attempts = [];

  bench.do("start");
  for (const lasts of [0, 0, 31_000]) {
    bench.do("closed", bench.opening.pop(), unreachable());
    bench.nextAttempt();
    const link = bench.open();
    bench.page(link, [], 10, { reset: bench.machine.position() === null });
    bench.idle(link, lasts);
    bench.do("closed", link, lost());
    attempts.push(bench.told.at(-1).attempt);
    bench.nextAttempt();
  }

  assert.deepEqual(attempts, [2, 4, 1]);
});

test("an attempt that does not come to an end is given up", () => {
  const bench = new Bench();

  bench.do("start");
  const [link] = bench.opening.splice(0);
  bench.pass(15_000);

  assert.deepEqual(bench.closed, [link]);
  assert.deepEqual([bench.machine.state(), bench.told.at(-1).reason.code], ["waiting", "timeout"]);
});

test("after an outage live says how many changes were recovered", () => {
  const bench = new Bench();
  bench.do("closed", bench.live(10), lost());
  const { state, reason, retryAt } = bench.told.at(-1);

  bench.nextAttempt();
  const asked = bench.page(bench.open(), [incident("a", 11), incident("b", 12)], 12);

  assert.deepEqual([state, reason.code, retryAt > new Date(0)], ["waiting", "disconnected", true]);
  assert.equal(asked.since, "e:10");
  assert.deepEqual([bench.told.at(-1).state, bench.told.at(-1).recovered], ["live", 2]);
});

test("a connection is renewed before it ends: a second one catches up, then the first is closed", () => {
  const bench = new Bench();
  const first = bench.live(10);

  bench.idle(first, 5_940_000);
  const early = bench.opening.length;
  bench.idle(first, 15_000);
  const second = bench.open();
  bench.do("received", second, broadcast(incident("a", 12)));
  bench.do("received", first, broadcast(incident("b", 11)));
  bench.do("received", first, broadcast(incident("a", 12)));
  const before = [...bench.closed];
  const asked = bench.page(second, [incident("b", 11), incident("a", 12)], 12);

  assert.deepEqual([early, before, bench.closed], [0, [], [first]]);
  assert.equal(asked.since, "e:10");
  assert.deepEqual(bench.told.map(({ type }) => type), ["incident", "incident"]);
  assert.equal(bench.machine.state(), "live");
});

test("a renewal that fails is tried again while the old connection goes on", () => {
  const bench = new Bench();
  const first = bench.live(10);

  bench.do("reconnect");
  bench.do("closed", bench.opening.pop(), unreachable());
  bench.do("received", first, broadcast(incident("a", 11)));
  bench.pass(2_000);

  assert.equal(bench.opening.length, 1);
  assert.deepEqual(bench.told.map(({ type }) => type), ["incident"]);
});

test("a renewal that is cut at once is not hurried after", () => {
  const bench = new Bench({ random: () => 1 });
  bench.live(10);

  bench.do("reconnect");
  const waits = [1, 2, 3].map(() => {
    bench.do("closed", bench.open(), lost());
    const begin = bench.now;
    bench.nextAttempt();
    return bench.now - begin;
  });

  assert.deepEqual(waits, [1_000, 2_000, 4_000]);
  assert.equal(bench.machine.state(), "live");
});

test("a renewal that opens during a sync asks for itself, and the other's pages are ignored", () => {
  const bench = new Bench();
  const first = bench.live(10);
  bench.do("received", first, broadcast(incident("b", 12)));
  bench.pass(3_000);
  const { requestId } = bench.take(first, "sync");

  bench.do("reconnect");
  const second = bench.open();
  bench.do("received", first, { type: "sync", incidents: [], position: "e:99", requestId });
  const position = bench.machine.position();
  bench.page(second, [incident("a", 11)], 12);

  assert.deepEqual([position, bench.machine.position()], ["e:10", "e:12"]);
  assert.deepEqual(bench.closed, [first]);
});

test("a renewal that was asked for outlives the first pong", () => {
  const bench = new Bench({ random: () => 1 });
  bench.do("start");
  const link = bench.open();
  bench.page(link, [], 10, { reset: true });

  bench.do("reconnect");
  bench.do("closed", bench.opening.pop(), unreachable());
  bench.pong(link, 10);
  bench.pass(1_000);

  assert.equal(bench.opening.length, 1);
});

test("an old connection that ends while its successor catches up costs no wait", () => {
  const bench = new Bench({ random: () => 1 });
  const first = bench.live(10);
  bench.do("reconnect");
  const second = bench.open();

  bench.do("closed", first, lost());
  const state = bench.machine.state();
  bench.page(second, [], 10);
  bench.do("closed", second, lost());
  bench.pass(1_000);

  assert.deepEqual([state, bench.opening.length], ["syncing", 1]);
});

test("a message on its way over a connection that is replaced is waited for", () => {
  const bench = new Bench();
  const first = bench.live(10);
  const outcome = bench.send({ action: "update" }, { again: false });

  bench.do("reconnect");
  const second = bench.open();
  bench.page(second, [], 10);
  const kept = bench.closed.length === 0;
  bench.answer(first, "update", { type: "ack", seq: 11 });

  assert.ok(kept);
  assert.equal(outcome.settled.seq, 11);
  assert.deepEqual(bench.closed, [first]);
});

test("a clock that is wrong does not renew again and again", () => {
  const renewals = [-3_600_000, 0, 1, 9_999_999].map((lifeMs) => {
    const bench = new Bench();
    bench.do("start");
    const link = bench.open();
    const begin = bench.now;
    bench.page(link, [], 10, { reset: true });
    bench.pong(link, 10, lifeMs);
    while (!bench.opening.length) bench.idle(link, 5_000);
    return bench.now - begin;
  });

  const byAge = 7_200_000 * 0.85;
  assert.deepEqual(renewals, [byAge, byAge, 30_000, byAge]);
});

test("checks one after another do not put off the end of a dead connection", () => {
  const bench = new Bench();
  const link = bench.live(10);

  for (let second = 0; second < 8; second += 1) {
    bench.do("check");
    bench.pass(1_000);
  }

  assert.deepEqual(bench.of(link).length, 1);
  assert.deepEqual(bench.closed, [link]);
});

test("after sleep the connection is checked before anything is taken for late", () => {
  const bench = new Bench();
  const link = bench.live(10);
  bench.send({ action: "notify" });
  bench.do("check");

  bench.sleep(3_600_000);
  const closed = bench.closed.length;
  bench.pong(link, 10);
  bench.answer(link, "notify", { type: "ack" });
  bench.pass(10_000);

  assert.equal(closed, 0);
  assert.deepEqual([bench.closed.length, bench.machine.state()], [0, "live"]);
});

test("a connection that died during sleep is left within seconds", () => {
  const bench = new Bench();
  const link = bench.live(10);

  bench.sleep(3_600_000);
  bench.pass(8_000);

  assert.deepEqual(bench.closed, [link]);
});

test("timers that a hidden tab holds back by a minute are no sleep", () => {
  const bench = new Bench();
  const link = bench.live(10);

  for (let minute = 0; minute < 4; minute += 1) bench.sleep(MINUTE - 1_000);

  assert.deepEqual(bench.of(link), []);
});

test("who waits connects at once when the network is back", () => {
  const bench = new Bench({ random: () => 1 });
  bench.do("start");
  for (let n = 0; n < 6; n += 1) {
    bench.do("closed", bench.opening.pop(), unreachable());
    if (n < 5) bench.nextAttempt();
  }

  bench.do("check");

  assert.equal(bench.opening.length, 1);
});

test("messages go out one at a time and in order, also those from before the connection", () => {
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

test("what was not acked when the connection broke is sent again, before the rest", () => {
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

test("an update that may not be repeated has an unknown outcome", () => {
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

test("a conflict of a repeated update may be its own doing", () => {
  const bench = new Bench();
  const link = bench.live();
  const outcome = bench.send({ action: "update", revision: 1 });

  bench.do("closed", link, lost());
  bench.nextAttempt();
  bench.answer(bench.open(), "update", error("conflict"));

  assert.equal(outcome.settled, "unknown_outcome");
});

test("a message that is not answered ends the connection and is sent again", () => {
  const bench = new Bench();
  const link = bench.live();
  bench.send({ action: "notify", idempotencyKey: "k" });

  bench.pass(35_000);
  bench.nextAttempt();

  assert.deepEqual(bench.closed, [link]);
  assert.equal(bench.take(bench.open(), "notify").idempotencyKey, "k");
});

test("an error settles its message and lets the next one go", () => {
  const bench = new Bench();
  const link = bench.live();
  const bad = bench.send({ action: "notify" });
  const good = bench.send({ action: "notify" });

  bench.answer(link, "notify", error("invalid_incident"));
  bench.answer(link, "notify", { type: "ack", seq: 2 });

  assert.deepEqual([bad.settled, good.settled.seq], ["invalid_incident", 2]);
});

test("rate_limited waits as long as it is told to, and sends again", () => {
  const bench = new Bench();
  const link = bench.live();
  const outcome = bench.send({ action: "notify" });

  bench.answer(link, "notify", error("rate_limited", { retryAfter: 7 }));
  bench.pass(6_900);
  const early = bench.of(link).length;
  bench.pass(200);
  bench.answer(link, "notify", { type: "ack", seq: 2 });

  assert.equal(early, 0);
  assert.equal(outcome.settled.seq, 2);
});

test("unavailable is tried again with ever longer waits where that is safe", () => {
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

test("a frame by API Gateway itself means the message on its way, which is tried again", () => {
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

test("a frame by API Gateway itself in answer to sync has it asked again", () => {
  const bench = new Bench();
  bench.do("start");
  const link = bench.open();

  bench.take(link, "sync");
  bench.do("received", link, { message: "Internal server error", requestId: "its own" });
  bench.pass(1_000);
  bench.page(link, [], 10, { reset: true });

  assert.equal(bench.machine.state(), "live");
});

test("an error without its requestId means what somebody has sent", () => {
  const bench = new Bench();
  const link = bench.live();
  const outcome = bench.send({ action: "notify" });

  bench.do("check");
  bench.do("received", link, error("bad_json"));

  assert.equal(outcome.settled, "bad_json");
});

test("an error that concerns nobody is told", () => {
  const bench = new Bench();
  const link = bench.live();

  bench.do("received", link, error("too_large"));
  bench.do("received", link, null);
  bench.do("received", link, { type: "incident_update", incident: {}, position: "e:11" });
  bench.do("received", link, { type: "what is to come" });

  assert.deepEqual(bench.told.map(({ type, error: one }) => [type, one.code]), [
    ["error", "too_large"], ["error", "not_understood"], ["error", "not_understood"],
  ]);
});

test("a page that makes no sense ends the connection", () => {
  for (const nonsense of [{ incidents: null }, { incidents: [{}] }, { position: "?" }, { position: "?", reset: true }, { position: "f:1" }]) {
    const bench = new Bench({ position: "e:10" });
    bench.do("start");
    const link = bench.open();

    bench.page(link, [], 10, nonsense);

    assert.deepEqual([bench.closed, bench.machine.state()], [[link], "waiting"]);
  }
});

test("a sync that is refused is asked again later; a position that is none is given up", () => {
  const bench = new Bench({ position: "e:10" });
  bench.do("start");
  const link = bench.open();

  bench.answer(link, "sync", error("unavailable"));
  bench.pass(1_000);
  const second = bench.answer(link, "sync", error("invalid_request"));
  bench.pass(2_000);
  const third = bench.page(link, [], 12, { reset: true });

  assert.deepEqual([second.since, third.since], ["e:10", null]);
});

test("a sync that is refused again and again waits longer, and anew after one that is answered", () => {
  const bench = new Bench({ position: "e:10", random: () => 1 });
  bench.do("start");
  const link = bench.open();
  const refuse = () => {
    const begin = bench.now;
    bench.answer(link, "sync", error("internal"));
    while (!bench.of(link).length) bench.pass(500);
    return bench.now - begin;
  };

  const before = [refuse(), refuse(), refuse()];
  bench.page(link, [], 11);
  bench.pong(link, 11);
  bench.do("received", link, broadcast(incident("a", 13)));
  bench.pass(3_000);
  const after = refuse();

  assert.deepEqual([before, after], [[1_000, 2_000, 4_000], 1_000]);
});

test("a position that is given up later on leads to a snapshot too", () => {
  const bench = new Bench();
  const link = bench.live(10);
  bench.do("received", link, broadcast(incident("a", 12)));
  bench.pass(3_000);

  bench.answer(link, "sync", error("invalid_request"));
  bench.pass(1_000);

  assert.equal(bench.take(link, "sync").since, null);
});

test("a close for our own fault is told, costs the message on its way, and is not hurried after", () => {
  for (const code of [1002, 1003, 1007, 1009]) {
    const bench = new Bench({ random: () => 0.5 });
    const link = bench.live();
    const outcome = bench.send({ action: "notify" });

    bench.do("closed", link, new AlertaError("disconnected", String(code)), code);
    const told = bench.told.map(({ type, state }) => state ?? type);
    bench.pass(14_000);

    assert.deepEqual([outcome.settled, told], ["disconnected", ["error", "waiting"]]);
    assert.equal(bench.opening.length, 0);
  }
});

test("a refused sign-in is told, and nothing is tried until somebody asks for it", () => {
  const bench = new Bench();
  bench.do("start");

  bench.do("closed", bench.opening.pop(), new AlertaError("unauthorized"));
  const told = bench.told.map(({ type, state }) => state ?? type);
  bench.pass(3_600_000);
  bench.do("check");
  const tried = bench.opening.length;
  bench.do("reconnect");

  assert.deepEqual([told, tried, bench.opening.length], [["connecting", "error", "refused"], 0, 1]);
});

test("a sign-in refused on renewal leaves the old connection to its end", () => {
  const bench = new Bench();
  const first = bench.live();

  bench.do("reconnect");
  bench.do("closed", bench.opening.pop(), new AlertaError("unauthorized"));
  const meanwhile = bench.machine.state();
  bench.do("closed", first, lost());

  assert.deepEqual([meanwhile, bench.machine.state()], ["live", "refused"]);
});

test("unauthorized in answer to a message: a new connection, and the message again", () => {
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
  assert.deepEqual([bench.machine.position(), bench.told.length], ["e:10", 0]);
});

test("a connection that is opening with the filter of before is given up for another", () => {
  const bench = new Bench();
  const first = bench.live(10);
  const filter = { urgency: ["high"] };

  bench.do("reconnect");
  bench.send({ action: "subscribe", filter }, { filter });
  bench.answer(first, "subscribe", { type: "ack" });
  const renewed = bench.opening.at(-1);

  assert.deepEqual([bench.closed.length, renewed.filter], [1, filter]);
});

test("a filter taken over a connection that is replaced meanwhile is asked for again", () => {
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

test("stop settles everything, and start goes on from the position", () => {
  const bench = new Bench();
  const link = bench.live(10);
  const outcomes = [bench.send({ action: "notify" }), bench.send({ action: "notify" })];

  bench.do("stop", "enough");
  const { state, reason } = bench.told.at(-1);
  bench.do("start");

  assert.deepEqual(outcomes.map(({ settled }) => settled), ["stopped", "stopped"]);
  assert.deepEqual([state, reason.code, reason.message, bench.closed], ["stopped", "stopped", "enough", [link]]);
  assert.equal(bench.take(bench.open(), "sync").since, "e:10");
});

test("what arrives over a connection that was left is not heard", () => {
  const bench = new Bench();
  const link = bench.live(10);

  bench.do("stop");
  bench.told.length = 0;
  bench.do("received", link, broadcast(incident("a", 11)));
  bench.do("closed", link, lost());
  bench.do("opened", link);

  assert.deepEqual(bench.told, []);
});
