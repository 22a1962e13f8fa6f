/** The status bar: whether the page is live, and how many changes were recovered. */

import { find, write } from "./dom.js";
import { ago, clock, t } from "./texts.js";

/** @typedef {import("../client/client.js").AlertaError} AlertaError */
/** @typedef {{state: string, retryAt: Date | null, recovered: number | null}} Status */

const NOTICE_MS = 60_000;
const TOGETHER_MS = 2_000;
// Show no banner for a short interruption such as a server's restart.
const GRACE_MS = 3_000;

export class StatusBar {
  /** @type {Status} */
  #status = { state: "connecting", retryAt: null, recovered: null };
  /** @type {string | null} */
  #last = null;
  /** @type {number | null} */
  #lostAt = null;
  /** When the service last sent anything at all. @type {number | null} */
  #heardAt = null;
  #noticeUntil = 0;

  /** @param {() => void} retry @param {() => number | null} silenceMs since the last sign of life, while there is a connection */
  constructor(retry, silenceMs) {
    this.silenceMs = silenceMs;
    this.state = find("state");
    this.text = find("state-text");
    this.countdown = find("countdown");
    this.last = find("last");
    this.banner = find("banner");
    this.notice = find("notice");
    this.retry = find("retry", HTMLButtonElement);
    this.retry.addEventListener("click", retry);
    setInterval(() => this.draw(), 1000);
  }

  /** @param {Status} status */
  update(status) {
    const wasLost = this.#lostAt !== null;
    this.#status = status;
    if (status.state === "live") {
      this.#lostAt = null;
      if (wasLost && status.recovered !== null) this.notify(t("recovered", { n: status.recovered }));
    } else this.#lostAt ??= Date.now();
    this.draw();
  }

  /** Record that the service sent a change. */
  touch() {
    this.#last = new Date().toISOString();
  }

  /** @param {string} text shown for a minute, after other notices of the same moment */
  notify(text) {
    const both = this.#noticeUntil - Date.now() > NOTICE_MS - TOGETHER_MS;
    write(this.notice, both ? `${this.notice.textContent} ${text}` : text);
    this.#noticeUntil = Date.now() + NOTICE_MS;
  }

  draw() {
    const { state, retryAt } = this.#status;
    this.state.dataset.state = state;
    write(this.text, t(`state.${state}`));
    const seconds = state === "waiting" && retryAt ? Math.ceil((retryAt.getTime() - Date.now()) / 1000) : 0;
    write(this.countdown, seconds > 0 ? t("retryIn", { n: seconds }) : "");
    this.retry.hidden = state !== "waiting";
    write(this.last, this.#ages().join(" · "));
    const lost = this.#lostAt !== null && Date.now() - this.#lostAt > GRACE_MS && state !== "stopped";
    this.banner.hidden = !lost;
    document.body.classList.toggle("stale", lost);
    if (lost && this.#lostAt) write(this.banner, t("stale", { since: clock(new Date(this.#lostAt).toISOString()) }));
    if (Date.now() > this.#noticeUntil) write(this.notice, "");
  }

  /** Return how old the last change and the last sign of life are. */
  #ages() {
    const silence = this.silenceMs();
    if (silence !== null) this.#heardAt = Date.now() - silence;
    const heard = this.#heardAt === null ? null : new Date(this.#heardAt).toISOString();
    return [
      this.#last && t("lastUpdate", { ago: ago(this.#last) }),
      heard && t("lastSignal", { ago: ago(heard) }),
    ].filter(Boolean);
  }
}
