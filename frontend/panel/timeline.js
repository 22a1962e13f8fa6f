/** The history of an incident with its deliveries, in pages from its end. */

import { aria, h, said, write } from "./dom.js";
import { clock, t } from "./texts.js";

/**
 * @typedef {import("./service.js").HistoryEntry} HistoryEntry
 * @typedef {import("./service.js").Delivery} Delivery
 * @typedef {{history: HistoryEntry[], deliveries: Delivery[], cursor?: string}} Page
 */

export class Timeline {
  /** The known entries by revision, without a gap. @type {Map<number, HistoryEntry>} */
  #entries = new Map();
  /** @type {Map<number, Delivery[]>} */
  #deliveries = new Map();
  /** Where older entries go on. @type {string | undefined} */
  #cursor;

  /** @param {(cursor: string) => Promise<void>} readOlder takes the page before a cursor, as ``take`` */
  constructor(readOlder) {
    this.readOlder = readOlder;
    this.list = h("div.timeline", { tabindex: "-1" });
    this.older = h("button.plain", { type: "button", hidden: true, click: () => void this.#readOlder() });
    this.element = h("div", {}, this.list, this.older);
  }

  get empty() {
    return this.#entries.size === 0;
  }

  clear() {
    this.#entries.clear();
    this.#deliveries.clear();
    this.#cursor = undefined;
    this.list.replaceChildren();
    this.older.hidden = true;
  }

  /** Say that there is no history to show. @param {() => void} retry */
  fail(retry) {
    this.list.replaceChildren(h("p", {}, t("noHistory"), " ", h("button.plain", { type: "button", click: retry }, t("retry"))));
  }

  /** Take in a page: the newest, which may have changed, or the one before the oldest entry. @param {Page} page */
  take(page) {
    const [first] = page.history;
    if (first && first.revision > Math.max(0, ...this.#entries.keys()) + 1) this.clear();
    if (!first || first.revision <= Math.min(Infinity, ...this.#entries.keys())) this.#cursor = page.cursor;
    for (const entry of page.history) {
      this.#entries.set(entry.revision, entry);
      this.#deliveries.set(entry.revision, page.deliveries.filter(({ revision }) => revision === entry.revision));
    }
    this.show();
  }

  show() {
    if (this.empty) return;
    const newestFirst = [...this.#entries.values()].sort((a, b) => b.revision - a.revision);
    const entries = newestFirst.map((entry) =>
      h(
        "li",
        {},
        h("time", { datetime: entry.at, title: clock(entry.at) }, clock(entry.at)),
        h("div", {}, ...changes(entry), entry.by ? h("span.by", {}, " · ", said(entry.by)) : null),
        entry.note ? h("blockquote", { dir: "auto" }, entry.note) : null,
        ...(this.#deliveries.get(entry.revision) ?? []).map((delivery) => h("div.sent", {}, delivered(delivery))),
      ),
    );
    this.list.replaceChildren(h("h3", {}, t("history")), h("ol", {}, ...entries));
    write(this.older, t("olderSteps"));
    this.older.hidden = this.#cursor === undefined;
  }

  async #readOlder() {
    if (this.#cursor === undefined || this.older.getAttribute("aria-busy") === "true") return;
    const had = document.activeElement === this.older;
    aria(this.older, "aria-busy", true);
    try {
      await this.readOlder(this.#cursor);
    } finally {
      aria(this.older, "aria-busy", false);
    }
    // The button has disappeared with the last page: keep the focus beside it.
    if (had && this.older.hidden) this.list.focus({ preventScroll: true });
  }
}

/** Describe what an entry of the history changed. @param {HistoryEntry} entry */
function changes({ revision, change = {} }) {
  if (revision === 1) return [h("b", {}, t("reported"))];
  const parts = Object.entries(change).map(([field, [from, to]]) =>
    h("span.change", {}, `${t(field)}: `, h("s", {}, t(from ?? "")), " → ", h("b", {}, t(to ?? ""))),
  );
  return parts.length ? parts : [h("b", {}, t("noteAdded"))];
}

/** @param {string} because */
function reason(because) {
  const name = `because.${because}`;
  const known = t(name);
  return known === name ? because : known;
}

/** @param {Delivery} delivery */
function delivered(delivery) {
  const { channel, attempted = 0, delivered = 0, result, because, counts } = delivery;
  if (channel === "broadcast") return t("screens", { delivered, attempted });
  const [kind, id = ""] = channel.split(":");
  const what = `${t(`channel.${kind}`)} ${id}`.trim();
  const results = Object.entries(counts ?? {}).map(([name, n]) => `${t(`result.${name}`)}: ${n}`);
  return `${what}: ${results.join(", ") || t(`result.${result}`)}${because ? ` (${reason(because)})` : ""}`;
}
