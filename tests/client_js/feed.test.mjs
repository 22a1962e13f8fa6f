/** Which changes are new, and which position is complete. */

import assert from "node:assert/strict";
import test from "node:test";

import { Bench, MINUTE, broadcast, error, incident, lost } from "./bench.mjs";

test("a first connection dispatches a snapshot and is live", () => {
  const bench = new Bench();

  bench.do("start");
  const link = bench.open();
  const asked = bench.page(link, [incident("a", 3), incident("b", 9, 4)], 10, { reset: true });

  assert.equal(asked.since, null);
  assert.deepEqual(bench.emitted.map(({ type, state }) => state ?? type), [
    "connecting", "syncing", "reset", "incident", "incident", "live",
  ]);
  assert.equal(bench.emitted.at(-1).recovered, null);
  assert.equal(bench.machine.position(), "e:10");
});

test("updates that overtake a page of the snapshot are kept, and no older state is dispatched after them", () => {
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

test("an update from before the snapshot that arrives late is ignored", () => {
  const bench = new Bench();
  bench.do("start");
  const link = bench.open();

  bench.page(link, [incident("a", 9, 2)], 10, { reset: true, cursor: "c1" });
  bench.do("received", link, broadcast(incident("a", 8, 1)));
  bench.do("received", link, broadcast(incident("b", 7, 1)));
  bench.page(link, [], 10);

  assert.deepEqual(bench.news(), [["reset"], ["incident", "a", 2]]);
});

test("an update before the first page is synced again, since the page may lack it", () => {
  const bench = new Bench();
  bench.do("start");
  const link = bench.open();

  bench.do("received", link, broadcast(incident("a", 11)));
  bench.page(link, [], 10, { reset: true });
  const again = bench.page(link, [incident("a", 11)], 11);

  assert.equal(again.since, "e:10");
  assert.deepEqual(bench.news(), [["reset"], ["incident", "a", 1]]);
});

test("a client with a position starts with the missed changes, and says how many there were", () => {
  const bench = new Bench({ position: "e:5" });

  bench.do("start");
  const link = bench.open();
  const first = bench.page(link, [incident("a", 6)], 8, { more: true });
  const second = bench.page(link, [incident("b", 9)], 9);

  assert.deepEqual([first.since, second.since], ["e:5", "e:8"]);
  assert.equal(bench.emitted.at(-1).state, "live");
  assert.equal(bench.emitted.at(-1).recovered, 2);
});

test("updates out of order are dispatched once each, and never an older one after a newer", () => {
  const bench = new Bench();
  const link = bench.live(10);

  for (const one of [incident("a", 12, 2), incident("a", 11, 1), incident("a", 12, 2), incident("b", 13)]) {
    bench.do("received", link, broadcast(one));
  }

  assert.deepEqual(bench.news(), [["incident", "a", 2], ["incident", "b", 1]]);
  assert.equal(bench.machine.position(), "e:13");
});

test("a missing update is synced after two to three seconds", () => {
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

test("an update that was only late is not synced", () => {
  const bench = new Bench();
  const link = bench.live(10);

  bench.do("received", link, broadcast(incident("b", 12)));
  bench.pass(1_000);
  bench.do("received", link, broadcast(incident("a", 11)));
  bench.pass(10_000);

  assert.equal(bench.take(link, "sync"), undefined);
});

test("a sync that does not fill a gap is repeated with a growing backoff until it does", () => {
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

  bench.do("received", link, broadcast(incident("a", 11)));
  bench.do("received", link, broadcast(incident("d", 14)));
  bench.pass(2_500);

  assert.deepEqual(waits, [2.5, 5, 10, 20, 40]);
  assert.equal(bench.take(link, "sync").since, "e:12");
});

test("with a filter a gap is not synced soon, and a pong ahead is synced once a minute", () => {
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

test("with a filter a lost change is recovered within minutes on a busy connection too", () => {
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

test("gaps that close while others follow are not synced", () => {
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

test("a snapshot older than an update before it is completed at once", () => {
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

test("after another epoch's snapshot no change of the earlier epoch is synced", () => {
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

test("the number of changes kept ahead is bounded; the others are dropped and synced", () => {
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

test("the changes of one frame are dispatched one by one, and old ones are ignored", () => {
  const bench = new Bench({ position: "e:10" });
  const link = bench.live(10);
  const incidents = [incident("old", 9), incident("a", 11), incident("b", 12), incident("a", 14, 2)];

  bench.do("received", link, { type: "incident_updates", incidents, position: "e:14" });

  assert.deepEqual(bench.emitted.map(({ incident: one, position }) => [one.incidentId, one.revision, position]), [
    ["a", 1, "e:11"], ["b", 1, "e:12"], ["a", 2, "e:14"],
  ]);
  assert.equal(bench.machine.position(), "e:12");
});

test("an error that belongs to no message is dispatched", () => {
  const bench = new Bench();
  const link = bench.live();

  bench.do("received", link, error("too_large"));
  bench.do("received", link, null);
  bench.do("received", link, { type: "incident_update", incident: {}, position: "e:11" });
  for (const incidents of [undefined, 5, [incident("a", 11), {}]]) {
    bench.do("received", link, { type: "incident_updates", incidents, position: "e:11" });
  }
  bench.do("received", link, { type: "what is to come" });

  assert.deepEqual(bench.emitted.map(({ type, error: one }) => [type, one.code]), [
    ["error", "too_large"], ...Array(5).fill(["error", "not_understood"]),
  ]);
});

test("a malformed page ends the connection", () => {
  for (const nonsense of [{ incidents: null }, { incidents: [{}] }, { position: "?" }, { position: "?", reset: true }, { position: "f:1" }]) {
    const bench = new Bench({ position: "e:10" });
    bench.do("start");
    const link = bench.open();

    bench.page(link, [], 10, nonsense);

    assert.deepEqual([bench.closed, bench.machine.state()], [[link], "waiting"]);
  }
});

test("a refused sync is repeated later; a malformed position is dropped", () => {
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

test("repeated refusals of a sync back off, and an answer resets the backoff", () => {
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

test("a position that is dropped later leads to a snapshot too", () => {
  const bench = new Bench();
  const link = bench.live(10);
  bench.do("received", link, broadcast(incident("a", 12)));
  bench.pass(3_000);

  bench.answer(link, "sync", error("invalid_request"));
  bench.pass(1_000);

  assert.equal(bench.take(link, "sync").since, null);
});

test("a heartbeat ahead of the position counts as a gap, and is not adopted", () => {
  const bench = new Bench();
  const link = bench.beating(10);

  bench.beat(link, 11);
  const position = bench.machine.position();
  bench.pass(1_900);
  const early = bench.of(link).length;
  bench.pass(1_100);

  assert.deepEqual([position, early], ["e:10", 0]);
  assert.equal(bench.take(link, "sync").since, "e:10");
});

test("with a filter a heartbeat ahead is synced after minutes, not at each beat", () => {
  const bench = new Bench({ filter: { urgency: ["high"] } });
  const link = bench.beating(10);

  for (let beat = 1; beat <= 9; beat += 1) {
    bench.pass(24_000);
    bench.beat(link, 10 + beat);
  }
  const early = bench.of(link).length;
  bench.pass(25_000);
  for (let beat = 0; beat < 4; beat += 1) {
    bench.beat(link, 20 + beat);
    bench.pass(25_000);
  }

  assert.equal(early, 0);
  assert.equal(bench.take(link, "sync").since, "e:10");
});

test("with a filter the clients that one heartbeat shows behind sync at different times", () => {
  const waits = [0, 0.25, 0.5, 1].map((drawn) => {
    const bench = new Bench({ filter: { urgency: ["high"] }, random: () => drawn });
    const link = bench.beating(10, { heartbeatSeconds: 480 });
    bench.beat(link, 11);
    const begin = bench.now;
    while (!bench.of(link).length) bench.pass(1_000);
    assert.ok(bench.take(link, "sync"));
    return bench.now - begin;
  });

  assert.deepEqual(waits, [240_000, 300_000, 360_000, 480_000]);
});

test("a heartbeat before the first page starts no second sync", () => {
  const bench = new Bench();
  bench.do("start");
  const link = bench.open();

  bench.beat(link, 10);
  bench.page(link, [], 10, { reset: true });
  bench.pong(link, 10);
  bench.pass(3_000);

  assert.deepEqual(bench.of(link), []);
});

test("a heartbeat of another epoch is synced at once", () => {
  const bench = new Bench();
  const link = bench.beating(10);

  bench.do("received", link, { type: "position", position: "other:3" });

  assert.equal(bench.take(link, "sync").since, "e:10");
});
