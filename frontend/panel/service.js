/** The service's HTTP API, and the token of the signed-in person. */

import { AlertaError } from "../client/client.js";
import { lang } from "./texts.js";

/**
 * @typedef {import("../client/client.js").Incident} Incident
 * @typedef {{webSocketUrl: string, webSocketPath?: string, auth: "off" | "jwt", moves: Record<string, string[]>}} Config
 * @typedef {{user: string | null, role: string, may: string[]}} Me
 * @typedef {{revision: number, at: string, by?: string, note?: string, change?: Record<string, (string | null)[]>}} HistoryEntry
 * @typedef {{revision: number, channel: string, at: string, attempted?: number, delivered?: number, gone?: number, throttled?: number, failed?: number, result?: string, because?: string, counts?: Record<string, number>}} Delivery
 */

const TOKEN = "alerta.token";
const TIMEOUT_MS = 10_000;

/** @type {string | null} */
let token = null;

export const currentToken = () => token;

/** Store the token for this tab only; null deletes it. @param {string | null} value */
export function keepToken(value) {
  token = value;
  try {
    if (value === null) sessionStorage.removeItem(TOKEN);
    else sessionStorage.setItem(TOKEN, value);
  } catch {
    // Then the token lasts as long as the page.
  }
}

/** Continue the session that is stored for this tab. */
export function restoreToken() {
  try {
    token = sessionStorage.getItem(TOKEN);
  } catch {
    token = null;
  }
}

/** Remove the token of `#token=…` from the address and from the tab's history, and return it; null without one. */
export function tokenOfAddress() {
  const hash = new URLSearchParams(location.hash.slice(1));
  const given = hash.get("token");
  if (given === null) return null;
  hash.delete("token");
  const rest = hash.size ? `#${hash}` : "";
  history.replaceState(null, "", location.pathname + location.search + rest);
  return given.trim() || null;
}

/**
 * Return the answer to `GET path`.
 * @param {string} path relative to the page
 * @param {string | null} [as] the token, if it is not the signed-in person's
 * @returns {Promise<any>}
 * @throws {AlertaError} the service's refusal, or `unreachable`
 */
export async function get(path, as = token) {
  /** @type {Record<string, string>} */
  const headers = { "Accept-Language": lang() };
  if (as) headers.Authorization = `Bearer ${as}`;
  let response, body;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    response = await fetch(path, { headers, signal, cache: "no-store" });
    body = await response.json();
  } catch {
    throw new AlertaError("unreachable");
  }
  if (response.ok) return body;
  throw new AlertaError(body.code ?? "internal", body.title, { errors: body.errors });
}
