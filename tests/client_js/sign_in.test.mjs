/** Signing in: tokens that are asked for, refused, renewed and refused again. */

import assert from "node:assert/strict";
import test from "node:test";

import { AlertaError } from "../../frontend/client/client.js";
import { follow, live, report, service, states, token, until } from "./support.mjs";

test("the client asks for a token at each connection, also from a slow provider", async (t) => {
  let asked = 0;
  const reader = follow(t, {
    token: async () => {
      asked += 1;
      return token();
    },
  });
  await live(reader);

  const ack = await reader.client.notify(report());
  reader.client.reconnect();
  await until(() => asked === 2 && reader.client.state === "live");

  assert.equal(ack.revision, 1);
  assert.deepEqual(states(reader), ["connecting", "syncing", "live"]);
});

test("a refused token gives an error and the state refused, and a new token continues", async (t) => {
  let given = "not.a.token";
  const reader = follow(t, { token: () => given });
  const waiting = reader.client.notify(report());
  await until(() => reader.client.state === "refused");
  const errors = [...reader.errors];

  given = token();
  reader.client.reconnect();
  const ack = await waiting;

  assert.deepEqual(errors, ["unauthorized"]);
  assert.equal(ack.revision, 1);
});

test("the probe finds a refused token if the status of the handshake is hidden", async (t) => {
  const probe = async () => {
    const { status } = await fetch(`${service.http}/stats`, { headers: { authorization: "Bearer no" } });
    return status === 401 ? "unauthorized" : "ok";
  };
  // Browsers say nothing in their error event.
  const { WebSocket } = await import("ws");
  class Mute extends WebSocket {
    set onerror(_listener) {
      super.onerror = () => {};
    }
  }

  const reader = follow(t, { token: "no", probe, WebSocket: Mute });
  await until(() => reader.client.state === "refused");
  const unknown = follow(t, { token: "no", probe: () => Promise.reject(new Error()), WebSocket: Mute });
  await until(() => unknown.statuses.filter(({ state }) => state === "waiting").length > 1);

  assert.deepEqual([reader.errors, unknown.errors], [["unauthorized"], []]);
});

test("a failing token provider gives an error and is asked again; it can also refuse for good", async (t) => {
  const answers = [() => Promise.reject(new Error("offline")), async () => token()];
  const reader = follow(t, { token: () => answers.shift()() });
  const refusing = follow(t, {
    token: () => {
      throw new AlertaError("unauthorized", "signed out");
    },
  });

  await live(reader);
  await until(() => refusing.client.state === "refused");

  assert.deepEqual([reader.errors, refusing.errors], [["connect_failed"], ["unauthorized"]]);
});

test("a connection is renewed before its token ends, without a lost or repeated change", async (t) => {
  let asked = 0;
  const reader = follow(t, {
    timing: { stable: 0, renew: [0.3, 0.4] },
    token: () => {
      asked += 1;
      return token({ seconds: 4 });
    },
  });
  const writer = follow(t, { token: () => token() });
  await Promise.all([live(reader), live(writer)]);
  const acks = [];

  const first = await until(() => reader.client.expiresAt);
  while (asked < 4) acks.push(await writer.client.notify(report()));
  await until(() => acks.every(({ incidentId }) => reader.held.has(incidentId)));
  await until(() => reader.client.expiresAt > first);

  assert.deepEqual(states(reader), ["connecting", "syncing", "live"]);
});

test("a token that ends before the renewal causes a short interruption and loses no change", async (t) => {
  const reader = follow(t, { timing: { stable: 60_000 }, token: () => token({ seconds: 1 }) });
  const writer = follow(t, { token: () => token() });
  await Promise.all([live(reader), live(writer)]);

  await until(() => states(reader).includes("waiting"));
  const { incidentId } = await writer.client.notify(report());
  await until(() => reader.held.has(incidentId));

  assert.equal(reader.resets, 1);
});

test("messages over the rate limit are sent later", async (t) => {
  const reader = follow(t, { token: () => token() });
  await live(reader);

  const acks = await Promise.all(Array.from({ length: 70 }, () => reader.client.notify(report())));

  assert.equal(new Set(acks.map(({ incidentId }) => incidentId)).size, 70);
});

test("a message that the role does not allow is refused, and the next one is sent", async (t) => {
  const reader = follow(t, { token: () => token({ role: "estudiante" }) });
  const { incidentId } = await reader.client.notify(report());

  const refused = await reader.client.update(incidentId, { status: "resuelto" }).catch((error) => error);
  const next = await reader.client.notify(report());

  assert.equal(refused.code, "forbidden");
  assert.equal(next.revision, 1);
});
