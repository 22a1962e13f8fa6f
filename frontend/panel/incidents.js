/** The incidents that this page knows, and which of them to show in what order. */

/** @typedef {import("../client/client.js").Incident} Incident */
/**
 * @typedef {object} Known
 * @property {Incident} incident
 * @property {string} text what a search looks through, folded
 * @property {number} since epoch ms of its `timestamp`
 * @property {number} arrivedAt epoch ms when this page first got it; 0: it was there before
 */
/**
 * @typedef {object} View
 * @property {Set<string>} urgency empty: any
 * @property {string} status "open", or one of the statuses
 * @property {string} type "" for any
 * @property {string} location "" for any
 * @property {string} search
 * @property {string} order "priority", "newest" or "oldest"
 */

/** The limit of resolved incidents kept, so that a page can stay open for months. */
const RESOLVED_MAX = 2000;

export const URGENCIES = ["high", "medium", "low"];
export const STATUSES = ["pendiente", "en_atencion", "resuelto"];

/** @type {Record<string, number>} */
const RANK = { high: 0, medium: 1, low: 2, pendiente: 0, en_atencion: 1, resuelto: 2 };

/** @type {Record<string, (a: Known, b: Known) => number>} */
const ORDERS = {
  priority: (a, b) =>
    RANK[a.incident.urgency] - RANK[b.incident.urgency] ||
    RANK[a.incident.status] - RANK[b.incident.status] ||
    ORDERS.newest(a, b),
  newest: (a, b) => b.since - a.since || (a.incident.incidentId < b.incident.incidentId ? 1 : -1),
  oldest: (a, b) => ORDERS.newest(b, a),
};

/**
 * Return a type or a place as the service compares it (docs/protocol.md, "Comparing texts").
 * @param {string} text
 */
const same = (text) => text.normalize("NFC").toLowerCase().normalize("NFC").split(/\s+/).join(" ");

/**
 * Return a text as the search compares it: without accents too.
 * @param {string} text
 */
export const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** @param {Incident} incident */
export const isOpen = (incident) => incident.status !== "resuelto";

export class Incidents {
  /** @type {Map<string, Known>} */
  #known = new Map();
  #resolved = 0;

  get size() {
    return this.#known.size;
  }

  /** @param {string} id */
  get(id) {
    return this.#known.get(id)?.incident;
  }

  /**
   * Store an incident's latest state; an older revision than the known one changes nothing.
   * @param {Incident} incident
   * @param {number} arrivedAt epoch ms, 0 for one that was there before
   */
  put(incident, arrivedAt) {
    const before = this.#known.get(incident.incidentId);
    if (before && before.incident.revision >= incident.revision) return;
    if (before && !isOpen(before.incident)) this.#resolved -= 1;
    if (!isOpen(incident)) this.#resolved += 1;
    const { type, location, description, incidentId } = incident;
    this.#known.set(incidentId, {
      incident,
      text: fold(`${type}\n${location}\n${description}\n${incidentId}`),
      since: Date.parse(incident.timestamp),
      arrivedAt: before?.arrivedAt ?? arrivedAt,
    });
    if (this.#resolved > RESOLVED_MAX) this.#forget();
  }

  clear() {
    this.#known.clear();
    this.#resolved = 0;
  }

  /** @param {View} view */
  shown(view) {
    const words = fold(view.search).split(/\s+/).filter(Boolean);
    const found = [];
    for (const known of this.#known.values()) {
      const { urgency, status, type, location } = known.incident;
      if (
        (view.status === "open" ? status !== "resuelto" : status === view.status) &&
        (!view.urgency.size || view.urgency.has(urgency)) &&
        (!view.type || same(type) === view.type) &&
        (!view.location || same(location) === view.location) &&
        words.every((word) => known.text.includes(word))
      )
        found.push(known);
    }
    return found.sort(ORDERS[view.order] ?? ORDERS.priority);
  }

  /** Count open incidents by urgency: `[pendiente, en_atencion]` each. */
  counts() {
    /** @type {Record<string, number[]>} */
    const counts = { high: [0, 0], medium: [0, 0], low: [0, 0] };
    for (const { incident } of this.#known.values())
      if (isOpen(incident)) counts[incident.urgency][RANK[incident.status]] += 1;
    return counts;
  }

  /**
   * Return the most frequent values of a field, sorted by name, for a filter to offer.
   * @param {"type" | "location"} field
   * @param {number} max
   */
  values(field, max) {
    /** @type {Map<string, {name: string, count: number}>} */
    const seen = new Map();
    for (const { incident } of this.#known.values()) {
      const key = same(incident[field]);
      const value = seen.get(key);
      if (value) value.count += 1;
      else seen.set(key, { name: incident[field], count: 1 });
    }
    return [...seen]
      .sort(([, a], [, b]) => b.count - a.count)
      .slice(0, max)
      .map(([key, { name }]) => ({ key, name }))
      .sort((a, b) => a.key.localeCompare(b.key));
  }

  /** Drop the resolved incidents that changed longest ago; they can be loaded again. */
  #forget() {
    const resolved = [...this.#known.values()].filter(({ incident }) => !isOpen(incident));
    resolved.sort((a, b) => a.incident.seq - b.incident.seq);
    for (const { incident } of resolved.slice(0, RESOLVED_MAX / 2))
      this.#known.delete(incident.incidentId);
    this.#resolved = resolved.length - RESOLVED_MAX / 2;
  }
}
