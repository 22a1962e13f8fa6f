/** The toolbar above the list: counters that filter by urgency, search, filters and order. */

import { find, h, write } from "./dom.js";
import { STATUSES, URGENCIES } from "./incidents.js";
import { shape } from "./list.js";
import { keep, setting } from "./settings.js";
import { t } from "./texts.js";

/** @typedef {import("./incidents.js").View} View */

const CHOICES_MAX = 100;
const OFFER_EVERY_MS = 2_000;

export class Filters {
  /** @type {View} */
  view = { urgency: new Set(), status: "open", type: "", location: "", search: "", order: setting("order", "priority") };
  /** @type {Record<string, {button: HTMLElement, count: HTMLElement, name: HTMLElement, states: HTMLElement}>} */
  #counters = {};
  #offeredAt = -OFFER_EVERY_MS;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {() => void} changed called after each change of `view` */
  constructor(changed) {
    this.changed = changed;
    this.form = find("filters", HTMLFormElement);
    this.search = find("search", HTMLInputElement);
    this.selects = {
      status: find("status", HTMLSelectElement),
      type: find("type", HTMLSelectElement),
      location: find("location", HTMLSelectElement),
      order: find("order", HTMLSelectElement),
    };
    this.clear = find("clear", HTMLButtonElement);
    this.#makeCounters();
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", () => this.#read());
    this.form.addEventListener("reset", (event) => {
      event.preventDefault();
      this.reset();
    });
  }

  /** Show all open incidents again; the order stays. */
  reset() {
    this.view.urgency.clear();
    this.search.value = this.selects.type.value = this.selects.location.value = "";
    this.selects.status.value = "open";
    this.#read();
    this.search.focus();
  }

  /** Rewrite the names, for instance in another language. */
  translate() {
    this.#offeredAt = -OFFER_EVERY_MS;
    const { status, order } = this.selects;
    options(status, ["open", ...STATUSES].map((key) => ({ key, name: t(key) })), this.view.status);
    const orders = ["priority", "newest", "oldest"];
    options(order, orders.map((key) => ({ key, name: t(key) })), this.view.order);
    for (const urgency of URGENCIES) write(this.#counters[urgency].name, t(urgency));
  }

  /**
   * Show the counts, and the values that the filters offer.
   * @param {import("./incidents.js").Incidents} incidents
   */
  offer(incidents) {
    const counts = incidents.counts();
    for (const urgency of URGENCIES) {
      const { button, count, states } = this.#counters[urgency];
      const [waiting, attended] = counts[urgency];
      write(count, String(waiting + attended));
      write(states, t("states", { waiting, attended }));
      button.classList.toggle("some", waiting > 0);
    }
    this.#timer ??= setTimeout(() => this.#offerValues(incidents), Math.max(0, this.#offeredAt + OFFER_EVERY_MS - performance.now()));
  }

  /** @param {import("./incidents.js").Incidents} incidents */
  #offerValues(incidents) {
    this.#timer = undefined;
    this.#offeredAt = performance.now();
    for (const field of /** @type {const} */ (["type", "location"])) {
      const select = this.selects[field];
      // Do not change the options while the person is choosing one.
      if (document.activeElement === select) continue;
      const values = incidents.values(field, CHOICES_MAX);
      const chosen = this.view[field];
      if (chosen && !values.some(({ key }) => key === chosen)) values.push({ key: chosen, name: chosen });
      options(select, [{ key: "", name: t("all") }, ...values], chosen);
    }
  }

  #makeCounters() {
    const parent = find("counters", HTMLElement);
    for (const urgency of URGENCIES) {
      const count = h("b");
      const name = h("span.name");
      const states = h("small");
      const button = h("button", { type: "button", class: urgency, "aria-pressed": "false" }, shape(urgency), count, name, states);
      button.addEventListener("click", () => {
        const { urgency: chosen } = this.view;
        if (!chosen.delete(urgency)) chosen.add(urgency);
        this.#read();
      });
      this.#counters[urgency] = { button, count, name, states };
      parent.append(button);
    }
  }

  #read() {
    const { status, type, location, order } = this.selects;
    const { view } = this;
    view.search = this.search.value;
    view.status = status.value;
    view.type = type.value;
    view.location = location.value;
    view.order = order.value;
    keep("order", view.order);
    for (const urgency of URGENCIES)
      this.#counters[urgency].button.setAttribute("aria-pressed", String(view.urgency.has(urgency)));
    this.clear.hidden = !(view.search || view.type || view.location || view.urgency.size || view.status !== "open");
    this.changed();
  }
}

/**
 * @param {HTMLSelectElement} select
 * @param {{key: string, name: string}[]} choices
 * @param {string} chosen
 */
function options(select, choices, chosen) {
  const same =
    select.options.length === choices.length &&
    choices.every(({ key, name }, index) => select.options[index].value === key && select.options[index].text === name);
  if (!same)
    select.replaceChildren(
      ...choices.map(({ key, name }) => {
        const option = new Option("", key);
        option.textContent = name;
        return option;
      }),
    );
  if (select.value !== chosen) select.value = chosen;
}
