/** The details of one incident: its history, its deliveries, and the next steps. */

import { aria, find, h, said, write } from "./dom.js";
import { shape } from "./list.js";
import { get } from "./service.js";
import { ago, clock, t } from "./texts.js";
import { Timeline } from "./timeline.js";

/**
 * @typedef {import("../client/client.js").Incident} Incident
 * @typedef {import("../client/client.js").AlertaError} AlertaError
 */
/**
 * @typedef {object} Desk
 * @property {(action: string) => boolean} may what the policy allows this person
 * @property {(status: string) => string[]} moves where a status may go
 * @property {(id: string, change: Record<string, any>) => Promise<unknown>} update
 * @property {() => void} close
 */

const OWN = new Set([
  "incidentId", "type", "location", "description", "urgency", "status", "timestamp", "seq",
  "revision", "createdAt", "updatedAt", "reportedBy", "drill",
]);
// The delivery record may lag behind the change by a second.
const SETTLE_MS = 1_500;

export class Detail {
  /** @type {Incident | null} */
  #incident = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #failure = "";

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    this.section = find("detail");
    this.section.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !(event.target instanceof HTMLSelectElement)) desk.close();
    });
    this.title = h("h2", { id: "detail-title", tabindex: "-1" });
    this.facts = h("div");
    this.actions = h("div.actions");
    this.problem = h("p.problem", { role: "alert" });
    this.note = /** @type {HTMLTextAreaElement} */ (h("textarea", { id: "note", rows: 2, maxlength: 2000 }));
    this.noteLabel = h("label", { for: "note" });
    this.timeline = new Timeline((cursor) => this.#load(cursor));
    this.back = h("button.plain.back", { type: "button", click: () => desk.close() });
    this.noteBox = h("div.note", {}, this.noteLabel, this.note);
    this.section.append(this.back, this.title, this.facts, this.noteBox, this.actions, this.problem, this.timeline.element);
  }

  get id() {
    return this.#incident?.incidentId ?? null;
  }

  /** @param {Incident} incident @param {boolean} focus */
  open(incident, focus) {
    this.note.value = "";
    this.#failure = "";
    this.section.hidden = false;
    this.timeline.clear();
    this.#show(incident);
    void this.#load();
    this.section.scrollTop = 0;
    if (focus) this.title.focus();
  }

  close() {
    this.section.hidden = true;
    this.#incident = null;
    clearTimeout(this.#timer);
  }

  /** Show the latest state of the incident, if it is the one shown. @param {Incident} incident */
  take(incident) {
    if (incident.incidentId !== this.id) return;
    this.#show(incident);
    this.#reload();
  }

  redraw() {
    if (!this.#incident) return;
    this.#show(this.#incident);
    this.timeline.show();
  }

  #reload() {
    clearTimeout(this.#timer);
    void this.#load();
    this.#timer = setTimeout(() => void this.#load(), SETTLE_MS);
  }

  /** Read the newest page of the history, or the one before a cursor. @param {string} [cursor] */
  async #load(cursor) {
    const id = this.id;
    if (id === null) return;
    try {
      const query = cursor === undefined ? "" : `?${new URLSearchParams({ cursor })}`;
      const answer = await get(`incidents/${encodeURIComponent(id)}${query}`);
      if (this.id !== id) return;
      if (answer.incident.revision > (this.#incident?.revision ?? 0)) this.#show(answer.incident);
      this.timeline.take(answer);
      if (cursor !== undefined) this.#fail("");
    } catch (error) {
      if (this.id === id && this.timeline.empty) this.timeline.fail(() => void this.#load());
      else if (this.id === id && cursor !== undefined) this.#fail(t("noHistory"));
      if (/** @type {AlertaError} */ (error).code === undefined) throw error;
    }
  }

  /** @param {Incident} incident */
  #show(incident) {
    this.#incident = incident;
    const { type, location, description, urgency, status, timestamp, reportedBy, incidentId, drill } = incident;
    write(this.back, `← ${t("back")}`);
    this.title.replaceChildren(shape(urgency), drill ? h("b.drill", {}, t("drill")) : "", said(type));
    const facts = h("dl");
    /** @param {string} name @param {import("./dom.js").Child} value */
    const fact = (name, value) => facts.append(h("div", {}, h("dt", {}, name), h("dd", {}, value)));
    fact(t("location"), said(location));
    fact(t("urgency"), t(urgency));
    fact(t("status"), h("span.badge", { "data-status": status }, t(status)));
    fact(t("happened"), h("time", { datetime: timestamp }, `${clock(timestamp)} (${ago(timestamp)})`));
    if (reportedBy) fact(t("reportedBy"), said(reportedBy));
    for (const [name, value] of Object.entries(incident))
      if (!OWN.has(name)) fact(name, said(typeof value === "string" ? value : JSON.stringify(value)));
    fact(t("id"), h("code", {}, incidentId));
    this.facts.replaceChildren(facts, description ? h("p.description", { dir: "auto" }, description) : "");
    this.#showActions(incident);
  }

  /** @param {Incident} incident */
  #showActions(incident) {
    const { desk } = this;
    const focused = document.activeElement instanceof HTMLElement && this.actions.contains(document.activeElement) && document.activeElement.id;
    const { status } = incident;
    const next = status === "pendiente" ? "en_atencion" : "resuelto";
    const allowed = desk.may(status === "resuelto" ? "reopen" : "change_status");
    const moves = allowed ? [...desk.moves(status)].sort((a, b) => Number(b === next) - Number(a === next)) : [];
    const buttons = moves.map((to) => this.#button(`to-${to}`, t(`${status}>${to}`), to === next, { status: to }));
    if (desk.may("add_note")) buttons.push(this.#button("add-note", t("addNote"), false, null));
    if (desk.may("change_urgency")) buttons.push(this.#urgencyChoice(incident));
    this.noteBox.hidden = !desk.may("add_note");
    write(this.noteLabel, t("note"));
    this.actions.replaceChildren(...buttons);
    write(this.problem, this.#failure);
    // The pressed button disappears with the status: keep the focus in the same place.
    if (focused) (document.getElementById(focused) ?? this.title).focus();
  }

  /** @param {string} id @param {string} text @param {boolean} main @param {Record<string, string> | null} change */
  #button(id, text, main, change) {
    return h(main ? "button.primary" : "button", { id, type: "button", click: () => void this.#change(change) }, text);
  }

  /** @param {Incident} incident */
  #urgencyChoice({ urgency }) {
    const options = ["high", "medium", "low"].map((key) => h("option", { value: key, selected: key === urgency }, t(key)));
    const select = h("select", {
      id: "set-urgency",
      change: (event) => void this.#change({ urgency: event.target.value }),
    }, ...options);
    return h("label", {}, t("changeUrgency"), " ", select);
  }

  /** @param {Record<string, string> | null} change null: a note alone */
  async #change(change) {
    const incident = this.#incident;
    if (!incident) return;
    const note = this.note.value.trim();
    if (!change && !note) {
      this.note.focus();
      return this.#fail(t("noteMissing"));
    }
    const { incidentId, revision } = incident;
    this.#fail("");
    aria(this.section, "aria-busy", true);
    try {
      await this.desk.update(incidentId, { ...change, ...(note ? { note } : {}), revision });
      if (this.id === incidentId && this.note.value.trim() === note) this.note.value = "";
    } catch (error) {
      if (this.id === incidentId) {
        this.#fail(/** @type {Error} */ (error).message);
        this.#showActions(/** @type {Incident} */ (this.#incident));
        void this.#load();
      }
    } finally {
      aria(this.section, "aria-busy", false);
    }
  }

  /** @param {string} text */
  #fail(text) {
    this.#failure = text;
    write(this.problem, text);
  }
}
