/** Charts of the last day or week, drawn as SVG from the service's statistics. */

import { find, h, said, svg } from "./dom.js";
import { get } from "./service.js";
import { duration, number, t } from "./texts.js";

/** @typedef {{count: number, median?: number | null, p90?: number | null}} Times */
/** @typedef {{days: number, total: number, complete: boolean, byHour: number[], byType: Record<string, number>, byLocation: Record<string, number>, byUrgency: Record<string, number>, toAttend: Times, toResolve: Times}} Stats */

const EVERY_MS = 60_000;
const SOONEST_MS = 5_000;
const BARS = 6;

export class Summary {
  #days = 1;
  /** @type {Stats | null} */
  #stats = null;
  #loadedAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  constructor() {
    this.charts = find("charts");
    this.buttons = [find("day", HTMLButtonElement), find("week", HTMLButtonElement)];
    this.buttons.forEach((button, index) =>
      button.addEventListener("click", () => {
        this.#days = index ? 7 : 1;
        this.buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
        void this.#load();
      }),
    );
    document.addEventListener("visibilitychange", () => this.refresh());
    setInterval(() => this.refresh(), EVERY_MS);
  }

  /** Load again soon, because an incident changed. */
  refresh() {
    if (document.hidden || this.#timer !== undefined) return;
    const wait = Math.max(0, this.#loadedAt + SOONEST_MS - Date.now());
    this.#timer = setTimeout(() => void this.#load(), wait);
  }

  async #load() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#loadedAt = Date.now();
    const days = this.#days;
    try {
      const stats = await get(`stats?days=${days}`);
      if (days !== this.#days) return;
      this.#stats = stats;
      this.draw();
    } catch {
      if (!this.#stats) this.charts.replaceChildren(h("p", {}, t("noStats")));
    }
  }

  draw() {
    const stats = this.#stats;
    if (!stats) return;
    this.charts.replaceChildren(
      h("p.total", {}, h("b", {}, number(stats.total)), " ", t("inTotal", { n: stats.total }), stats.complete ? null : ` ${t("incomplete")}`),
      figure(t("byHour"), hours(stats.byHour)),
      figure(t("byType"), bars(stats.byType)),
      figure(t("byLocation"), bars(stats.byLocation)),
      figure(t("times"), times(stats.toAttend, stats.toResolve)),
    );
  }
}

/** @param {string} caption @param {Node} drawing */
const figure = (caption, drawing) => h("figure", {}, h("figcaption", {}, caption), drawing);

/** @param {number[]} counts by hour of the day */
function hours(counts) {
  const max = Math.max(1, ...counts);
  const label = counts.map((n, hour) => (n ? `${hour} h: ${n}` : "")).filter(Boolean).join(", ") || "0";
  const columns = counts.map((n, hour) =>
    svg("rect", { x: hour * 10 + 1, y: 62 - (n / max) * 52, width: 8, height: (n / max) * 52 }, svg("title", {}, `${hour} h: ${n}`)),
  );
  const ticks = [0, 6, 12, 18, 23].map((hour) => svg("text", { x: hour * 10 + 5, y: 73, "text-anchor": "middle" }, String(hour)));
  return svg(
    "svg",
    { viewBox: "0 0 240 76", role: "img", "aria-label": label, class: "hours" },
    svg("path", { d: "M0 62.5H240", class: "axis" }),
    ...columns,
    svg("text", { x: 1, y: 7 }, String(max)),
    ...ticks,
  );
}

/** Draw bars beside names and figures, which are text. @param {Record<string, number>} counts */
function bars(counts) {
  const rows = Object.entries(counts).sort(([a, n], [b, m]) => Number(a === "…") - Number(b === "…") || m - n);
  const max = Math.max(1, ...rows.map(([, n]) => n));
  return table(rows.slice(0, BARS).map(([name, n]) => [said(name === "…" ? t("others") : name), number(n), n / max]));
}

/** @param {Times} toAttend @param {Times} toResolve */
function times(toAttend, toResolve) {
  /** @type {[string, number | null | undefined][]} */
  const rows = [
    [t("attendMedian"), toAttend.median],
    [t("attendP90"), toAttend.p90],
    [t("resolveMedian"), toResolve.median],
    [t("resolveP90"), toResolve.p90],
  ];
  const max = Math.max(1, ...rows.map(([, seconds]) => seconds ?? 0));
  return table(rows.map(([name, seconds]) => [name, typeof seconds === "number" ? duration(seconds) : "–", (seconds ?? 0) / max]));
}

/** @param {[Node | string, string, number][]} rows name, figure, part of the longest */
function table(rows) {
  if (!rows.length) return h("p", {}, t("nothing"));
  return h(
    "table.bars",
    {},
    h("tbody", {}, ...rows.map(([name, figure, part]) =>
      h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, bar(part)), h("td", {}, figure)),
    )),
  );
}

/** @param {number} part */
const bar = (part) =>
  svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { width: part * 100, height: 10 }));
