/** The form that reports an incident, which keeps what was written until it is stored. */

import { aria, find, h, write } from "./dom.js";
import { URGENCIES } from "./incidents.js";
import { shape } from "./list.js";
import { t } from "./texts.js";

/** @typedef {import("../client/client.js").AlertaError} AlertaError */
/** @typedef {import("./incidents.js").Incidents} Incidents */

const MAX = { type: 80, location: 120, description: 4000 };
const OFFERED = 50;

export class Report {
  /** The number of reports that are being sent. */
  pending = 0;

  /**
   * @param {Incidents} incidents whose types and places are offered
   * @param {(incident: Record<string, string | boolean>) => Promise<{incidentId: string}>} send
   * @param {(id: string | null) => void} sent called with the id once it is stored; with null
   *   where it waits for the connection
   * @param {() => boolean} live
   */
  constructor(incidents, send, sent, live) {
    this.incidents = incidents;
    this.send = send;
    this.sent = sent;
    this.live = live;
    this.dialog = find("report-dialog", HTMLDialogElement);
    this.form = /** @type {HTMLFormElement} */ (this.dialog.firstElementChild);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    addEventListener("beforeunload", (event) => {
      if (this.pending) event.preventDefault();
    });
  }

  open() {
    if (!this.form.childElementCount) this.#build();
    for (const field of /** @type {const} */ (["type", "location"]))
      find(`known-${field}`, HTMLDataListElement).replaceChildren(
        ...this.incidents.values(field, OFFERED).map(({ name }) => h("option", { value: name })),
      );
    this.#problems([]);
    this.dialog.showModal();
    find("report-type", HTMLInputElement).focus();
  }

  /** Rebuild the form, for instance in another language, and keep what was entered. */
  translate() {
    if (!this.form.childElementCount) return;
    const data = new FormData(this.form);
    this.#build();
    this.#write(data);
  }

  /** @param {Iterable<[string, any]>} data by the names of the fields */
  #write(data) {
    for (const [name, value] of data) {
      const field = this.form.elements.namedItem(name);
      if (field instanceof HTMLInputElement && field.type === "checkbox") field.checked = true;
      else if (field && "value" in field) field.value = value;
    }
  }

  #build() {
    /** @param {"type" | "location" | "description"} name @param {HTMLElement} input */
    const field = (name, input) =>
      h("div.field", {}, h("label", { for: input.id }, t(name), name === "description" ? h("small", {}, ` ${t("optional")}`) : null), input, h("p.problem", { id: `problem-${name}` }));
    /** @param {"type" | "location"} name */
    const line = (name) =>
      field(name, h("input", { id: `report-${name}`, name, list: `known-${name}`, maxlength: MAX[name], required: true, autocomplete: "off", "aria-describedby": `problem-${name}` }));
    const urgency = URGENCIES.map((value) =>
      h("label", { class: value }, h("input", { type: "radio", name: "urgency", value, required: true, "aria-describedby": "problem-urgency" }), shape(value), t(value), h("small", {}, t(`hint.${value}`))),
    );
    this.form.replaceChildren(
      h("h2", { id: "report-title" }, t("report")),
      line("type"),
      line("location"),
      h("fieldset.field", {}, h("legend", {}, t("urgency")), h("div.choice", {}, ...urgency), h("p.problem", { id: "problem-urgency" })),
      field("description", h("textarea", { id: "report-description", name: "description", rows: 4, maxlength: MAX.description, "aria-describedby": "problem-description" })),
      h("label.check", {}, h("input", { type: "checkbox", name: "drill" }), t("isDrill")),
      h("p.problem", { id: "problem-other", role: "alert" }),
      h("div.actions", {}, h("button.primary", { type: "submit" }, t("send")), h("button", { type: "button", click: () => this.dialog.close() }, t("cancel"))),
      h("datalist", { id: "known-type" }),
      h("datalist", { id: "known-location" }),
    );
  }

  async #submit() {
    const data = new FormData(this.form);
    /** @type {Record<string, string | boolean>} */
    const incident = {};
    for (const [name, value] of data) if (String(value).trim()) incident[name] = name === "drill" || String(value);
    const missing = ["type", "location", "urgency"].filter((name) => !incident[name]);
    if (missing.length) return this.#problems(missing.map((field) => ({ field, problem: t("missing") })));
    this.#problems([]);
    const live = this.live();
    this.pending += 1;
    const stored = this.send(incident);
    // Without a connection the report waits in the queue: the form need not.
    if (!live) this.#done(null);
    try {
      const { incidentId } = await stored;
      if (live) this.#done(incidentId);
      else this.sent(incidentId);
    } catch (error) {
      this.#refused(/** @type {AlertaError} */ (error), incident);
    } finally {
      this.pending -= 1;
    }
  }

  /** @param {string | null} id */
  #done(id) {
    this.form.reset();
    this.dialog.close();
    this.sent(id);
  }

  /** @param {AlertaError} error @param {Record<string, string | boolean>} incident */
  #refused(error, incident) {
    if (!this.dialog.open) {
      this.open();
      this.#write(Object.entries(incident));
    }
    const problems = (error.errors ?? []).map(({ field, problem }) => ({ field: field.replace("incident.", ""), problem }));
    this.#problems(problems.length ? problems : [{ field: "other", problem: error.message }]);
  }

  /** @param {{field: string, problem: string}[]} problems */
  #problems(problems) {
    const fields = ["type", "location", "urgency", "description"];
    for (const name of fields) {
      const text = problems.filter(({ field }) => field === name).map(({ problem }) => problem).join("; ");
      write(find(`problem-${name}`, HTMLElement), text);
      for (const input of this.form.querySelectorAll(`[name="${name}"]`)) aria(input, "aria-invalid", Boolean(text));
    }
    const others = problems.filter(({ field }) => !fields.includes(field)).map(({ field, problem }) => (field === "other" ? problem : `${field}: ${problem}`));
    write(find("problem-other"), others.join("; "));
    /** @type {HTMLElement | null} */ (this.form.querySelector("[aria-invalid]"))?.focus();
  }
}
