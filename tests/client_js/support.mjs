/** Helpers for the tests over real sockets. */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { connect, createServer } from "node:net";

import { WebSocket } from "ws";

import { AlertaUtec } from "../../frontend/client/client.js";

/** The service's addresses and how to sign in, as the caller of the tests passes them. */
export const service = JSON.parse(process.env.ALERTA_CLIENT_TEST ?? "{}");

/** Short waits, to keep the tests fast. */
export const EAGER = {
  connect: 5_000,
  ping: 1_000,
  gap: [100, 200],
  backoff: [50, 300],
  stable: 1_000,
  beat: 100,
  slept: 5_000,
};
const PATIENCE_MS = 20_000;

/** Wait for a condition, which can be asynchronous; return its value. */
export async function until(condition, what = condition.toString()) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    const value = await condition();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`in vain: ${what}`);
}

/** A client whose reader keeps every event, and checks that none comes twice. */
export function follow(t, { url = service.ws, timing = {}, ...options } = {}) {
  const client = new AlertaUtec(url, { WebSocket, timing: { ...EAGER, ...timing }, ...options });
  const reader = { client, held: new Map(), resets: 0, errors: [], statuses: [], recovered: 0, wrong: [] };
  client.addEventListener("reset", () => {
    reader.resets += 1;
    reader.held.clear();
  });
  client.addEventListener("incident", ({ detail: { incident, recovered } }) => {
    const known = reader.held.get(incident.incidentId)?.revision ?? 0;
    if (incident.revision <= known) reader.wrong.push([incident.incidentId, known, incident.revision]);
    reader.held.set(incident.incidentId, incident);
    reader.recovered += recovered;
  });
  client.addEventListener("status", ({ detail }) => reader.statuses.push(detail));
  client.addEventListener("error", ({ detail }) => reader.errors.push(detail.error.code));
  t.after(() => {
    client.stop();
    assert.deepEqual(reader.wrong, []);
  });
  client.start();
  return reader;
}

export const live = ({ client }) => until(() => client.state === "live", "live");
export const states = (reader) => reader.statuses.map(({ state }) => state);

let made = 0;
/** An incident that no other test knows. */
export function report(more = {}) {
  made += 1;
  return { type: "prueba", location: `Sala ${process.pid}-${made}`, urgency: "low", ...more };
}

/** A TCP proxy before the service, which can cut connections or fall silent. */
export async function proxy(t, url = service.ws) {
  const { hostname, port } = new URL(url);
  const pairs = new Set();
  const gate = { silent: false, accepted: 0, url: "", cut };
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    const pair = [near, far];
    pairs.add(pair);
    gate.accepted += 1;
    for (const [from, to] of [pair, [far, near]]) {
      from.on("data", (data) => gate.silent || to.write(data));
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
    }
    near.on("close", () => pairs.delete(pair));
  });
  function cut() {
    for (const [near] of pairs) near.destroy();
  }
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  gate.url = url.replace(`:${port}`, `:${server.address().port}`);
  t.after(() => {
    cut();
    server.close();
  });
  return gate;
}

/** Kill the server (`kill`), or start it again at the same place (`launch`). */
export async function server(what) {
  const answer = await fetch(`${service.control}/${what}`, { method: "POST" });
  assert.equal(answer.status, 204);
}

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Make a token that the service accepts for so many seconds. */
export function token({ seconds = 600, role = "personal" } = {}) {
  const exp = Math.ceil(Date.now() / 1000) + seconds;
  const claims = { ...service.claims, role, exp };
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${createHmac("sha256", service.secret).update(text).digest("base64url")}`;
}
