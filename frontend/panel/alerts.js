/** Alerts: announcements for screen readers, a sound, and the browser's notifications. */

import { find } from "./dom.js";
import { isOpen } from "./incidents.js";
import { keep, setting } from "./settings.js";
import { t } from "./texts.js";

/** @typedef {import("../client/client.js").Incident} Incident */

// At most one announcement in this time: many incidents must not talk without end.
const PAUSE_MS = 5_000;

export class Alerts {
  /** Open incidents of high urgency that were announced. @type {Set<string>} */
  #announced = new Set();
  /** @type {Incident[]} */
  #news = [];
  #nextAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {AudioContext | undefined} */
  #audio;

  constructor() {
    this.polite = find("polite");
    this.urgent = find("urgent");
    this.sound = find("sound", HTMLButtonElement);
    this.notify = find("notify", HTMLButtonElement);
    this.sound.addEventListener("click", () => this.#toggleSound());
    this.notify.addEventListener("click", () => void this.#toggleNotifications());
    this.#press(this.sound, setting("sound", "off") === "on");
    this.#press(this.notify, setting("notify", "off") === "on" && this.#mayNotify());
    this.notify.hidden = !("Notification" in globalThis);
    // A browser lets a page play sound only after a touch or a key.
    addEventListener("pointerdown", () => this.#wake());
    addEventListener("keydown", () => this.#wake());
  }

  /**
   * Alert to an incident if it is new or has become urgent.
   * @param {Incident} incident
   * @param {{isNew: boolean, silent: boolean}} how `silent`: it was there before this page was
   */
  take(incident, { isNew, silent }) {
    const { incidentId } = incident;
    const urgent = incident.urgency === "high" && isOpen(incident);
    const rises = urgent && !this.#announced.has(incidentId);
    if (urgent) this.#announced.add(incidentId);
    else this.#announced.delete(incidentId);
    if (silent || !(rises || (isNew && isOpen(incident)))) return;
    this.#news.push(incident);
    if (this.#timer === undefined)
      this.#timer = setTimeout(() => this.#flush(), Math.max(0, this.#nextAt - Date.now()));
  }

  #flush() {
    this.#timer = undefined;
    this.#nextAt = Date.now() + PAUSE_MS;
    const news = this.#news.splice(0);
    const urgent = news.filter(({ urgency }) => urgency === "high");
    const text = summary(news, urgent.length);
    (urgent.length ? this.urgent : this.polite).textContent = text;
    if (!urgent.length) return;
    if (pressed(this.sound)) this.#ring();
    if (pressed(this.notify)) notification(urgent);
  }

  #toggleSound() {
    const on = !pressed(this.sound);
    this.#press(this.sound, on);
    keep("sound", on ? "on" : "off");
    if (!on) return;
    this.#wake();
    this.#ring();
  }

  async #toggleNotifications() {
    let on = !pressed(this.notify);
    if (on && !this.#mayNotify()) {
      on = (await Notification.requestPermission()) === "granted";
      if (!on) this.polite.textContent = t("notificationsRefused");
    }
    this.#press(this.notify, on);
    keep("notify", on ? "on" : "off");
  }

  #mayNotify() {
    return "Notification" in globalThis && Notification.permission === "granted";
  }

  /** @param {HTMLElement} button @param {boolean} on */
  #press(button, on) {
    button.setAttribute("aria-pressed", String(on));
  }

  #wake() {
    if (!pressed(this.sound)) return;
    this.#audio ??= new AudioContext();
    if (this.#audio.state === "suspended") void this.#audio.resume();
  }

  /** Play two tones, twice. */
  #ring() {
    const audio = this.#audio;
    if (audio?.state === "closed" || !audio) return;
    [880, 660, 880, 660].forEach((hertz, index) => {
      const start = audio.currentTime + index * 0.25;
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = hertz;
      volume.gain.setValueAtTime(0.25, start);
      volume.gain.exponentialRampToValueAtTime(0.001, start + 0.24);
      tone.connect(volume).connect(audio.destination);
      tone.start(start);
      tone.stop(start + 0.25);
    });
  }
}

/** @param {Element} button */
const pressed = (button) => button.getAttribute("aria-pressed") === "true";

/** @param {Incident[]} news @param {number} urgent */
function summary(news, urgent) {
  const [{ type, location, urgency }] = news;
  return marked(news, news.length > 1 ? t("newOnes", { n: news.length, urgent }) : t("newOne", { type, location, urgency: t(urgency) }));
}

/** Return the announcement of some incidents, with how many of them are drills. @param {Incident[]} news @param {string} text */
function marked(news, text) {
  const drills = news.filter(({ drill }) => drill).length;
  if (drills === news.length) return `${t("drill")}: ${text}`;
  return drills ? `${text} (${t("drill")}: ${drills})` : text;
}

/** @param {Incident[]} urgent */
function notification(urgent) {
  const [{ incidentId, type, location }] = urgent;
  const title = marked(urgent, urgent.length > 1 ? t("urgentOnes", { n: urgent.length }) : t("urgentOne", { type }));
  try {
    const options = { body: location, tag: "alerta", renotify: true, icon: "panel/icon.svg" };
    const shown = new Notification(title, options);
    shown.addEventListener("click", () => {
      window.focus();
      globalThis.location.hash = new URLSearchParams({ i: incidentId }).toString();
      shown.close();
    });
  } catch {
    // Browsers on phones show them only from a service worker: the page and its sound remain.
  }
}
