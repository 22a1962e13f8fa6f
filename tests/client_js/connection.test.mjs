/** When the client connects, pings, renews and gives up. */

import assert from "node:assert/strict";
import test from "node:test";

import { AlertaError } from "../../frontend/client/client.js";
import { Bench, MINUTE, broadcast, error, incident, lost, unreachable } from "./bench.mjs";

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
  assert.equal(bench.emitted.at(-1).reason.code, "timeout");
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
    attempts.push(bench.emitted.at(-1).attempt);
    bench.nextAttempt();
  }

  assert.deepEqual(attempts, [2, 4, 1]);
});

test("reconnect() connects at once: it replaces an attempt under way and restarts the backoff", () => {
  const bench = new Bench({ random: () => 1 });
  bench.do("start");
  for (let n = 0; n < 4; n += 1) {
    bench.do("closed", bench.opening.pop(), unreachable());
    bench.nextAttempt();
  }
  const [underWay] = bench.opening;

  bench.do("reconnect");
  const [another] = bench.opening;
  bench.do("closed", bench.opening.pop(), unreachable());
  bench.pass(1_000);

  assert.deepEqual(bench.closed, [underWay]);
  assert.notEqual(another, underWay);
  assert.equal(bench.opening.length, 1);
});

test("an attempt to connect that does not finish is abandoned", () => {
  const bench = new Bench();

  bench.do("start");
  const [link] = bench.opening.splice(0);
  bench.pass(15_000);

  assert.deepEqual(bench.closed, [link]);
  assert.deepEqual([bench.machine.state(), bench.emitted.at(-1).reason.code], ["waiting", "timeout"]);
});

test("the live status after an outage says how many changes were recovered", () => {
  const bench = new Bench();
  bench.do("closed", bench.live(10), lost());
  const { state, reason, retryAt } = bench.emitted.at(-1);

  bench.nextAttempt();
  const asked = bench.page(bench.open(), [incident("a", 11), incident("b", 12)], 12);

  assert.deepEqual([state, reason.code, retryAt > new Date(0)], ["waiting", "disconnected", true]);
  assert.equal(asked.since, "e:10");
  const { state: after, recovered, reason: none } = bench.emitted.at(-1);
  assert.deepEqual([after, recovered, none], ["live", 2, null]);
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
  assert.deepEqual(bench.emitted.map(({ type }) => type), ["incident", "incident"]);
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
  assert.deepEqual(bench.emitted.map(({ type }) => type), ["incident"]);
});

test("a renewal that is cut at once backs off", () => {
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

test("a renewal that opens during a sync syncs by itself, and the pages of the other sync are ignored", () => {
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

test("a replaced connection stays open until its pending message is answered", () => {
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

test("repeated checks do not delay the end of a dead connection", () => {
  const bench = new Bench();
  const link = bench.live(10);

  for (let second = 0; second < 8; second += 1) {
    bench.do("check");
    bench.pass(1_000);
  }

  assert.deepEqual(bench.of(link).length, 1);
  assert.deepEqual(bench.closed, [link]);
});

test("after sleep the connection is checked before any answer counts as late", () => {
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

test("timers that a hidden tab delays by a minute do not count as sleep", () => {
  const bench = new Bench();
  const link = bench.live(10);

  for (let minute = 0; minute < 4; minute += 1) bench.sleep(MINUTE - 1_000);

  assert.deepEqual(bench.of(link), []);
});

test("a waiting client connects at once when the network is back", () => {
  const bench = new Bench({ random: () => 1 });
  bench.do("start");
  for (let n = 0; n < 6; n += 1) {
    bench.do("closed", bench.opening.pop(), unreachable());
    if (n < 5) bench.nextAttempt();
  }

  bench.do("check");

  assert.equal(bench.opening.length, 1);
});

test("a close for a fault of the client raises an error, fails the pending message, and backs off", () => {
  for (const code of [1002, 1003, 1007, 1009]) {
    const bench = new Bench({ random: () => 0.5 });
    const link = bench.live();
    const outcome = bench.send({ action: "notify" });

    bench.do("closed", link, new AlertaError("disconnected", String(code)), code);
    const emitted = bench.emitted.map(({ type, state }) => state ?? type);
    bench.pass(14_000);

    assert.deepEqual([outcome.settled, emitted], ["disconnected", ["error", "waiting"]]);
    assert.equal(bench.opening.length, 0);
  }
});

test("a refused sign-in raises an error, and the client connects again only on request", () => {
  const bench = new Bench();
  bench.do("start");

  bench.do("closed", bench.opening.pop(), new AlertaError("unauthorized"));
  const emitted = bench.emitted.map(({ type, state }) => state ?? type);
  bench.pass(3_600_000);
  bench.do("check");
  const tried = bench.opening.length;
  bench.do("reconnect");

  assert.deepEqual([emitted, tried, bench.opening.length], [["connecting", "error", "refused"], 0, 1]);
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

test("stop settles everything, and start goes on from the position", () => {
  const bench = new Bench();
  const link = bench.live(10);
  const outcomes = [bench.send({ action: "notify" }), bench.send({ action: "notify" })];

  bench.do("stop", "enough");
  const { state, reason } = bench.emitted.at(-1);
  bench.do("start");

  assert.deepEqual(outcomes.map(({ settled }) => settled), ["stopped", "stopped"]);
  assert.deepEqual([state, reason.code, reason.message, bench.closed], ["stopped", "stopped", "enough", [link]]);
  assert.equal(bench.take(bench.open(), "sync").since, "e:10");
});

test("frames of a closed connection are ignored", () => {
  const bench = new Bench();
  const link = bench.live(10);

  bench.do("stop");
  bench.emitted.length = 0;
  bench.do("received", link, broadcast(incident("a", 11)));
  bench.do("closed", link, lost());
  bench.do("opened", link);

  assert.deepEqual(bench.emitted, []);
});

test("a client that gets heartbeats does not ping", () => {
  const bench = new Bench();
  const link = bench.beating(10);

  for (let beat = 0; beat < 40; beat += 1) {
    bench.pass(25_000);
    bench.beat(link, 10);
  }

  assert.deepEqual(bench.of(link), []);
});

test("a silent network is left within a minute of the last heartbeat", () => {
  const bench = new Bench();
  const link = bench.beating(10);
  bench.beat(link, 10);

  bench.pass(27_000);
  const early = bench.of(link).length;
  bench.pass(30_000);

  assert.equal(early, 0);
  assert.equal(bench.closed[0], link);
  assert.notEqual(bench.machine.state(), "live");
});

test("without a heartbeat, or with a malformed interval, the client pings after minutes of silence", () => {
  for (const heartbeatSeconds of [undefined, null, 0, -1, "x", NaN]) {
    const bench = new Bench();
    const link = bench.beating(10, { heartbeatSeconds });

    bench.pass(239_000);
    const early = bench.of(link).length;
    bench.pass(61_000);

    assert.equal(early, 0);
    assert.equal(bench.take(link, "ping").action, "ping");
  }
});

test("the time since the last sign of life is known while there is a connection", () => {
  const bench = new Bench();
  const before = bench.machine.silenceMs();
  const link = bench.beating(10);
  bench.beat(link, 10);

  bench.pass(12_000);
  const silent = bench.machine.silenceMs();
  bench.beat(link, 10);

  assert.deepEqual([before, silent, bench.machine.silenceMs()], [null, 12_000, 0]);
});

test("a client of a service with a heartbeat of 8 minutes pings before an idle connection is closed", () => {
  for (const [heartbeatSeconds, soonest, latest] of [[480, 528_000, 576_000], [3_600, 582_000, 582_000]]) {
    const pings = [0, 0.5, 1].map((drawn) => {
      const bench = new Bench({ random: () => drawn });
      const link = bench.beating(10, { heartbeatSeconds });
      const begin = bench.now;
      while (!bench.of(link).length) bench.pass(1_000);
      return bench.now - begin;
    });

    assert.deepEqual([Math.min(...pings), Math.max(...pings)], [soonest, latest]);
  }
});

/** Close a connection that had heartbeats, so long after the client's own last message. */
function closedAfter(ms, code) {
  const bench = new Bench();
  const link = bench.beating(10);
  for (let passed = 0; passed < ms; passed += 10_000) {
    bench.pass(10_000);
    bench.beat(link, 10);
  }
  bench.do("closed", link, lost(), code);
  bench.nextAttempt();
  const next = bench.open();
  bench.page(next, [], 10);
  bench.pong(next, 10, undefined, { heartbeatSeconds: 25 });
  return [bench, next];
}

/** Return how long a client with heartbeats is silent before it pings, if it does within an hour. */
function ownSilence(bench, link) {
  const begin = bench.now;
  while (!bench.of(link).length && bench.now - begin < 60 * MINUTE) {
    bench.pass(10_000);
    bench.beat(link, 10);
  }
  return bench.of(link).length ? bench.now - begin : Infinity;
}

test("after a connection was closed as idle in spite of heartbeats, the client pings by itself", () => {
  const [bench, link] = closedAfter(10 * MINUTE, 1001);

  const first = ownSilence(bench, link);
  bench.pong(link, 10);
  const second = ownSilence(bench, link);

  for (const ms of [first, second]) assert.ok(ms >= 4 * MINUTE && ms <= 5 * MINUTE + 10_000, String(ms));
});

test("a close at another time or with another code leaves it to the heartbeat", () => {
  for (const [ms, code] of [[9 * MINUTE, 1001], [12 * MINUTE, 1001], [10 * MINUTE, 1006]]) {
    const [bench, link] = closedAfter(ms, code);

    assert.equal(ownSilence(bench, link), Infinity);
  }
});

test("a message of the program counts as one of the client", () => {
  const bench = new Bench();
  const link = bench.beating(10);

  bench.pass(5_000);
  bench.send({ action: "notify" });

  assert.equal(link.sentAt, bench.now);
});

test("a connection that the service had to restore is renewed within half a minute", () => {
  const bench = new Bench();
  const link = bench.live(10);
  bench.do("check");
  bench.pong(link, 11, undefined, { restored: true });

  bench.pass(15_000);
  const next = bench.open();
  bench.page(next, [incident("a", 11)], 11);

  assert.deepEqual(bench.closed, [link]);
  assert.deepEqual(bench.news(), [["incident", "a", 1]]);
});

test("a connection that the service does not know is replaced", () => {
  const bench = new Bench();
  const link = bench.live(10);

  bench.do("check");
  bench.answer(link, "ping", error("unauthorized"));
  bench.nextAttempt();
  bench.page(bench.open(), [], 10);

  assert.deepEqual(bench.closed, [link]);
  assert.equal(bench.machine.state(), "live");
});
