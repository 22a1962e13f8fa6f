/** The life of an incident, on both deployments. */

import assert from "node:assert/strict";
import test from "node:test";

import { follow, live, proxy, report, until } from "./support.mjs";

test("an incident is reported, received and updated, and two updates at once end in one conflict", async (t) => {
  const [officer, student] = [follow(t), follow(t)];
  await Promise.all([live(officer), live(student)]);

  const { incidentId, revision } = await student.client.notify(report({ urgency: "alta", note: 1 }));
  await until(() => officer.held.get(incidentId)?.urgency === "high");
  const moves = await Promise.allSettled([
    officer.client.update(incidentId, { status: "en_atencion", note: "Voy", revision }),
    student.client.update(incidentId, { status: "resuelto", revision }),
  ]);
  const [done, refused] = moves.toSorted((one, other) => (one.status < other.status ? -1 : 1));
  await until(() => student.held.get(incidentId)?.revision === 2);
  await until(() => officer.held.get(incidentId)?.revision === 2);

  assert.equal(done.value.revision, 2);
  assert.equal(refused.reason.code, "conflict");
  assert.deepEqual([officer.errors, student.errors], [[], []]);
});

test("changes missed while the connection was cut arrive after it, and a sent report is stored once", async (t) => {
  const gate = await proxy(t);
  const cut = follow(t, { url: gate.url });
  const other = follow(t);
  await Promise.all([live(cut), live(other)]);
  const place = report().location;
  cut.client.addEventListener("status", () => (cut.recovered = 0), { once: true });

  gate.cut();
  const sent = cut.client.notify({ ...report(), location: place });
  const acks = await Promise.all([1, 2, 3].map(() => other.client.notify({ ...report(), location: place })));
  const all = [await sent, ...acks];
  for (const { held } of [cut, other]) await until(() => all.every(({ incidentId }) => held.has(incidentId)));

  const there = [...other.held.values()].filter(({ location }) => location === place);
  assert.equal(there.length, 4);
  assert.equal(cut.resets, 1);
  assert.ok(gate.accepted >= 2);
});

test("a filter applies to the view, to missed changes and to the next connection", async (t) => {
  const gate = await proxy(t);
  const [mine, place] = [report().location, report().location];
  const reader = follow(t, { url: gate.url, filter: { location: [mine] } });
  const other = follow(t);
  await Promise.all([live(reader), live(other)]);
  const send = (location) => other.client.notify({ ...report(), location });

  const [first, hidden] = [await send(mine), await send(place)];
  await until(() => reader.held.has(first.incidentId));
  const before = [...reader.held.values()].map(({ location }) => location);
  await reader.client.setFilter({ location: [place], urgency: ["low", "medium"], type: undefined, status: [] });
  await until(() => reader.client.state === "live" && reader.held.has(hidden.incidentId));
  const after = [...reader.held.values()].map(({ location }) => location);
  gate.cut();
  const missed = await send(place);
  await send(mine);
  await until(() => reader.held.has(missed.incidentId));

  assert.deepEqual([before, after], [[mine], [place]]);
  assert.equal(reader.held.size, 2);
  assert.equal(reader.resets, 2);
});
