/**
 * Receivers of webhooks as people write them, one for each framework, with its default parsing of JSON.
 *
 * Prints one line with the port of each, and then a line for each request that a handler got: the body as the framework
 * parsed it, and whether the library of Standard Webhooks accepts the signature (by the secret in WEBHOOK_SECRET).
 */
import { Readable } from "node:stream";
import express from "express";
import fastify from "fastify";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);

function print(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function received(framework, headers, raw, body) {
  let verified = true;
  try {
    webhook.verify(raw, headers);
  } catch {
    verified = false;
  }
  print({ framework, contentType: headers["content-type"], verified, body });
}

function startExpress() {
  const app = express();
  app.use(express.json({ verify: (request, _response, raw) => void (request.rawBody = raw) }));
  app.post("/alertas", (request, response) => {
    received("express", request.headers, request.rawBody ?? Buffer.alloc(0), request.body ?? null);
    response.sendStatus(204);
  });
  return new Promise((resolve) => {
    const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}

async function startFastify() {
  const app = fastify();
  app.addHook("preParsing", async (request, _reply, payload) => {
    const chunks = [];
    for await (const chunk of payload) chunks.push(chunk);
    request.rawBody = Buffer.concat(chunks);
    return Object.assign(Readable.from([request.rawBody]), { receivedEncodedLength: request.rawBody.length });
  });
  app.post("/alertas", async (request, reply) => {
    received("fastify", request.headers, request.rawBody, request.body ?? null);
    return reply.code(204).send();
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  return app.server.address().port;
}

print({ express: await startExpress(), fastify: await startFastify() });
