/** The list of incidents: only the visible rows are in the document, however many there are. */

import { aria, h, said, svg, write } from "./dom.js";
import { ago, clock, t } from "./texts.js";

/** @typedef {import("./incidents.js").Known} Known */
/** @typedef {{root: HTMLElement, button: HTMLButtonElement, parts: Record<string, HTMLElement>, revision: number, mark: SVGElement}} Row */

const OVERSCAN = 6;
const NEW_MS = 60_000;

/** Urgency by shape, not by colour alone: triangle, diamond, disc. */
/** @type {Record<string, string>} */
const SHAPES = {
  high: "M12 2 23 22H1Z",
  medium: "M12 1 23 12 12 23 1 12Z",
  low: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z",
};

/** @param {string} urgency */
export function shape(urgency) {
  return /** @type {SVGElement} */ (
    svg("svg", { viewBox: "0 0 24 24", class: `shape ${urgency}`, "aria-hidden": "true" }, svg("path", { d: SHAPES[urgency] }))
  );
}

export class List {
  /** @type {Known[]} */
  #items = [];
  /** @type {Map<string, Row>} */
  #rows = new Map();
  /** @type {string | null} */
  #active = null;
  /** @type {string | null} */
  #selected = null;
  #rowPx = 72;

  /**
   * @param {HTMLElement} viewport scrolls; has the `ul`
   * @param {(id: string) => void} open called when a row is chosen
   */
  constructor(viewport, open) {
    this.viewport = viewport;
    this.open = open;
    this.ul = /** @type {HTMLElement} */ (viewport.querySelector("ul"));
    viewport.addEventListener("scroll", () => this.draw(), { passive: true });
    viewport.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.draw()).observe(viewport);
  }

  /** @param {Known[]} items in the order to show */
  show(items) {
    const top = this.viewport.scrollTop;
    const anchor = top > this.#rowPx / 2 ? this.#items[Math.floor(top / this.#rowPx)] : undefined;
    const before = anchor && Math.floor(top / this.#rowPx);
    this.#items = items;
    this.ul.style.height = `${items.length * this.#rowPx}px`;
    // Keep the position of a reader who has scrolled down.
    const now = anchor ? this.#place(anchor.incident.incidentId) : -1;
    if (before !== undefined && now >= 0 && now !== before)
      this.viewport.scrollTop = top + (now - before) * this.#rowPx;
    this.draw();
  }

  /** Draw the visible rows. */
  draw() {
    this.#measure();
    const { scrollTop, clientHeight } = this.viewport;
    const first = Math.max(0, Math.floor(scrollTop / this.#rowPx) - OVERSCAN);
    const end = Math.min(this.#items.length, Math.ceil((scrollTop + clientHeight) / this.#rowPx) + OVERSCAN);
    const focused = this.ul.contains(document.activeElement);
    const places = [];
    for (let index = first; index < end; index += 1) places.push(index);
    const active = this.#place(this.#active);
    // The row that has the focus stays in the document, in its place.
    if (active < 0) this.#active = this.#items[0]?.incident.incidentId ?? null;
    else if (active < first) places.unshift(active);
    else if (active >= end) places.push(active);
    const old = this.#rows;
    this.#rows = new Map();
    places.forEach((index, child) => {
      const known = this.#items[index];
      const id = known.incident.incidentId;
      const row = old.get(id) ?? this.#row(id);
      old.delete(id);
      this.#rows.set(id, row);
      this.#fill(row, known, index);
      if (this.ul.children[child] !== row.root) this.ul.insertBefore(row.root, this.ul.children[child] ?? null);
    });
    for (const row of old.values()) row.root.remove();
    if (focused && !this.ul.contains(document.activeElement)) this.#focus(false);
  }

  /** Redraw everything, for instance in another language. */
  redraw() {
    for (const row of this.#rows.values()) row.revision = -1;
    this.draw();
  }

  /** @param {string | null} id */
  select(id) {
    this.#selected = id;
    if (id !== null && this.#place(id) >= 0) this.#active = id;
    this.draw();
  }

  /** Focus the row that had the focus last, or else the list. */
  focus() {
    if (this.#active !== null && this.#rows.has(this.#active)) this.#focus(true);
    else this.viewport.focus();
  }

  /** @param {boolean} scroll */
  #focus(scroll) {
    const row = this.#active === null ? undefined : this.#rows.get(this.#active);
    row?.button.focus({ preventScroll: !scroll });
  }

  /** Return its index in the list, or -1. @param {string | null} id */
  #place(id) {
    return id === null ? -1 : this.#items.findIndex((item) => item.incident.incidentId === id);
  }

  #measure() {
    const px = parseFloat(getComputedStyle(this.ul).getPropertyValue("line-height"));
    // The style sheet gives the list a row's height as its line height.
    if (!px || px === this.#rowPx) return;
    this.#rowPx = px;
    this.ul.style.height = `${this.#items.length * px}px`;
  }

  /** @param {string} id @returns {Row} */
  #row(id) {
    const parts = {
      urgency: h("span.vh"),
      drill: h("b.drill"),
      type: said(""),
      place: said(""),
      text: said(""),
      badge: h("span.badge"),
      time: h("time"),
      fresh: h("span.fresh"),
    };
    const { urgency, drill, type, place, text, badge, time, fresh } = parts;
    const mark = shape("low");
    const button = /** @type {HTMLButtonElement} */ (
      h(
        "button",
        { type: "button", click: () => this.#choose(id), focus: () => this.#activate(id) },
        mark,
        h("span.what", {}, urgency, drill, " ", type, " ", fresh),
        h("span.where", {}, place, text),
        badge,
        time,
      )
    );
    return { root: h("li", {}, button), button, parts, revision: -1, mark };
  }

  /** @param {Row} row @param {Known} known @param {number} index */
  #fill(row, known, index) {
    const { incident } = known;
    const { root, button, parts } = row;
    root.style.transform = `translateY(${index * this.#rowPx}px)`;
    root.setAttribute("aria-posinset", String(index + 1));
    root.setAttribute("aria-setsize", String(this.#items.length));
    button.tabIndex = incident.incidentId === this.#active ? 0 : -1;
    aria(button, "aria-current", incident.incidentId === this.#selected);
    const fresh = known.arrivedAt > 0 && Date.now() - known.arrivedAt < NEW_MS;
    root.classList.toggle("new", fresh);
    write(parts.fresh, fresh ? t("new") : "");
    write(parts.time, ago(incident.timestamp));
    if (row.revision === incident.revision) return;
    row.revision = incident.revision;
    root.dataset.urgency = incident.urgency;
    root.dataset.status = incident.status;
    const mark = shape(incident.urgency);
    row.mark.replaceWith(mark);
    row.mark = mark;
    write(parts.urgency, `${t("urgency")} ${t(incident.urgency)}: `);
    write(parts.drill, incident.drill ? t("drill") : "");
    write(parts.type, incident.type);
    write(parts.place, incident.location);
    write(parts.text, incident.description);
    write(parts.badge, t(incident.status));
    parts.time.setAttribute("datetime", incident.timestamp);
    parts.time.title = clock(incident.timestamp);
  }

  /** @param {string} id */
  #choose(id) {
    this.#active = id;
    this.open(id);
  }

  /** @param {string} id */
  #activate(id) {
    if (this.#active === id) return;
    this.#active = id;
    for (const [name, row] of this.#rows) row.button.tabIndex = name === id ? 0 : -1;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const here = Math.max(0, this.#place(this.#active));
    const page = Math.max(1, Math.floor(this.viewport.clientHeight / this.#rowPx) - 1);
    const last = this.#items.length - 1;
    /** @type {Record<string, number>} */
    const targets = {
      ArrowDown: here + 1,
      ArrowUp: here - 1,
      PageDown: here + page,
      PageUp: here - page,
      Home: 0,
      End: last,
    };
    const target = targets[event.key];
    if (target === undefined || last < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const index = Math.min(last, Math.max(0, target));
    this.#active = this.#items[index].incident.incidentId;
    const top = index * this.#rowPx;
    const { scrollTop, clientHeight } = this.viewport;
    if (top < scrollTop) this.viewport.scrollTop = top;
    else if (top + this.#rowPx > scrollTop + clientHeight) this.viewport.scrollTop = top + this.#rowPx - clientHeight;
    this.draw();
    this.#focus(true);
  }
}
