/** Reports how each test ended, one JSON object a line. */

import { inspect } from "node:util";

export default async function* report(source) {
  for await (const { type, data } of source) {
    if (type === "test:pass" || type === "test:fail") {
      const { name, details } = data;
      const why = details.error && inspect(details.error, { depth: 4 });
      yield `${JSON.stringify({ name, passed: type === "test:pass", why, ms: details.duration_ms })}\n`;
    } else if (type === "test:stderr" || type === "test:stdout") {
      yield `${JSON.stringify({ said: data.message })}\n`;
    }
  }
}
