/** The panel: connects the list, the detail, the report form and the charts to the service. */

import { Alerts } from "./alerts.js";
import { AlertaError, AlertaUtec } from "../client/client.js";
import { Detail } from "./detail.js";
import { find, h, said, write } from "./dom.js";
import { Filters } from "./filters.js";
import { Incidents } from "./incidents.js";
import { List } from "./list.js";
import { Report } from "./report.js";
import { currentToken, get, keepToken, restoreToken, tokenOfAddress } from "./service.js";
import { keep, setting } from "./settings.js";
import { StatusBar } from "./status_bar.js";
import { Summary } from "./summary.js";
import { clock, lang, switchLang, t, translatePage } from "./texts.js";

/** @typedef {import("../client/client.js").Incident} Incident */

const DRAW_EVERY_MS = 150;
const TICK_MS = 15_000;
const PAGE = 200;
const PRINT_MAX = 2000;
const CONFIG_RETRY_MS = 5_000;
const THEMES = ["auto", "light", "dark"];

/** @type {import("./service.js").Config} */
let config;
/** @type {import("./service.js").Me} */
let me = { user: null, role: "", may: [] };
/** @type {AlertaUtec | undefined} */
let client;
/** Whether the state that the service had when this page started has arrived. */
let begun = false;
/** Where the list of resolved ones goes on. @type {string | null | undefined} */
let cursor;
/** @type {import("./incidents.js").Known[]} */
let shown = [];
let drawnAt = 0;
let drawing = false;

const incidents = new Incidents();
const alerts = new Alerts();
const statusBar = new StatusBar(() => client?.reconnect(), () => client?.silenceMs ?? null);
const filters = new Filters(() => {
  if (filters.view.status === "resuelto" && cursor === undefined) void loadResolved();
  draw();
});
const viewport = find("list");
const list = new List(viewport, (id) => go(id));
const summary = new Summary();
const detail = new Detail({
  may: (action) => me.may.includes(action),
  moves: (status) => config.moves[status],
  update: (id, change) => online().update(id, change).catch(inWords),
  close: () => go(null),
});
const report = new Report(
  incidents,
  (incident) => online().notify(incident).catch(inWords),
  (id) => {
    statusBar.notify(t(id === null ? "queued" : "sent"));
    statusBar.draw();
  },
  () => client?.state === "live",
);
const signInDialog = find("sign-in", HTMLDialogElement);
const anotherUserDialog = find("another-user", HTMLDialogElement);
// At once, before anything can show or store the address.
const tokenAtStart = tokenOfAddress();

// The connection

function online() {
  if (!client) throw new AlertaError("stopped");
  return client;
}

/** Throw a refusal of the client itself, in the reader's language. @param {unknown} error @returns {never} */
function inWords(error) {
  if (error instanceof AlertaError && t(error.code) !== error.code) error.message = t(error.code);
  throw error;
}

async function begin() {
  try {
    config ??= await get("config.json");
    if (config.auth === "jwt" && currentToken() === null) return signIn("");
    const before = me.user;
    me = await get("me");
    // Another person must not see, nor send, what belongs to the previous one.
    if (client && me.user !== before) stop();
  } catch (error) {
    if (error instanceof AlertaError && error.code === "unauthorized") return signIn(t("refused"));
    statusBar.update({ state: "waiting", retryAt: new Date(Date.now() + CONFIG_RETRY_MS), recovered: null });
    setTimeout(() => void begin(), CONFIG_RETRY_MS);
    return;
  }
  find("sign-out").hidden = me.user === null;
  write(find("who"), me.user ?? "");
  find("report", HTMLButtonElement).disabled = !me.may.includes("report");
  if (client) client.reconnect();
  else connect();
  summary.refresh();
  follow();
}

/**
 * Return the address of the sockets. Where they are beside this page, its own address says how the
 * browser reaches them; the service may be behind proxies that do not.
 */
function socketUrl() {
  const { webSocketPath, webSocketUrl } = config;
  if (webSocketPath === undefined) return webSocketUrl;
  const url = new URL(webSocketPath, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

function connect() {
  client = new AlertaUtec(socketUrl(), { token: currentToken, lang: lang(), probe });
  client.addEventListener("reset", () => incidents.clear());
  client.addEventListener("incident", (event) => take(event.detail.incident, event.detail.recovered));
  client.addEventListener("status", (event) => {
    const { state } = event.detail;
    if (state === "live") begun = true;
    if (state === "refused") signIn(t("refused"));
    statusBar.update(event.detail);
    // The page says that it is live only once it shows the current incidents.
    if (state === "live") drawNow();
    else draw();
  });
  client.addEventListener("error", (event) => console.warn(event.detail.error.code, event.detail.error.message));
  client.start();
}

function stop() {
  client?.stop();
  client = undefined;
  begun = false;
  incidents.clear();
  go(null);
}

/** Return whether a failed handshake was a refused token, which browsers do not report. */
async function probe() {
  try {
    await get("me");
  } catch (error) {
    if (error instanceof AlertaError && error.code === "unauthorized") return "unauthorized";
  }
  return "ok";
}

/** @param {Incident} incident @param {boolean} recovered */
function take(incident, recovered) {
  const silent = recovered && !begun;
  const isNew = !incidents.get(incident.incidentId) && incident.revision === 1;
  incidents.put(incident, silent ? 0 : Date.now());
  alerts.take(incident, { isNew, silent });
  detail.take(incident);
  if (!silent) {
    statusBar.touch();
    summary.refresh();
  }
  draw();
}

async function loadResolved() {
  const from = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
  cursor ??= null;
  try {
    const page = await get(`incidents?status=resuelto&limit=${PAGE}${from}`);
    for (const incident of page.incidents) incidents.put(incident, 0);
    cursor = page.cursor ?? null;
  } catch {
    if (!from) cursor = undefined;
  }
  draw();
}

// What is seen

/** Draw soon, once for all changes; a hidden page draws only its title until it is visible. */
function draw() {
  if (drawing) return;
  drawing = true;
  setTimeout(() => {
    const urgent = incidents.counts().high[0];
    document.title = `${urgent ? `(${urgent}) ` : ""}Alerta UTEC`;
    // Not in the frame itself: with its layout that would be one long task.
    requestAnimationFrame(() => setTimeout(() => {
      drawing = false;
      drawNow();
    }));
  }, Math.max(0, drawnAt + DRAW_EVERY_MS - performance.now()));
}

function drawNow() {
  drawnAt = performance.now();
  const { view } = filters;
  filters.offer(incidents);
  shown = incidents.shown(view);
  list.show(shown);
  write(find("found"), t("found", { n: shown.length }));
  const empty = find("empty");
  empty.hidden = shown.length > 0 || !begun;
  write(empty, t(find("clear").hidden ? "empty" : "emptyFiltered"));
  find("more").hidden = view.status !== "resuelto" || !cursor;
}

/** Show an incident, or the list alone; the address says which, so that it can be shared. @param {string | null} id */
function go(id) {
  const hash = id === null ? "" : `#${new URLSearchParams({ i: id })}`;
  if (hash === location.hash) return follow();
  history.pushState(null, "", location.pathname + location.search + hash);
  follow();
}

/** Show the incident that the address names. */
function follow() {
  const id = new URLSearchParams(location.hash.slice(1)).get("i");
  list.select(id);
  document.body.classList.toggle("detailed", id !== null);
  if (id === null) {
    const back = detail.id !== null;
    detail.close();
    if (back) list.focus();
    return;
  }
  if (id === detail.id) return;
  const incident = incidents.get(id);
  if (incident) return detail.open(incident, true);
  get(`incidents/${encodeURIComponent(id)}`).then(
    (answer) => detail.open(answer.incident, true),
    () => {
      statusBar.notify(t("gone"));
      go(null);
    },
  );
}

function translate() {
  translatePage();
  themeName();
  const other = find("lang");
  write(other, t("other"));
  other.lang = lang() === "es" ? "en" : "es";
  filters.translate();
  report.translate();
  list.redraw();
  detail.redraw();
  summary.draw();
  statusBar.draw();
  draw();
}

function themeName() {
  const theme = setting("theme", "auto");
  write(find("theme-text"), `${t("theme")}: ${t(theme)}`);
  document.documentElement.dataset.theme = theme;
}

/** Draw a table to print: the list holds only the visible rows. @param {boolean} on */
function print(on) {
  const rows = on ? shown.slice(0, PRINT_MAX) : [];
  const names = ["urgency", "type", "location", "status", "happened", "description"];
  find("print").replaceChildren(
    h("p", {}, t("printed", { at: new Date().toLocaleString(lang()) }), " · ", t("found", { n: shown.length })),
    h("table", {}, h("thead", {}, h("tr", {}, ...names.map((name) => h("th", { scope: "col" }, t(name))))),
      h("tbody", {}, ...rows.map(({ incident }) =>
        h("tr", {}, h("td", {}, t(incident.urgency)), h("td", {}, incident.drill && `${t("drill")} `, said(incident.type)), h("td", {}, said(incident.location)),
          h("td", {}, t(incident.status)), h("td", {}, clock(incident.timestamp)), h("td", {}, said(incident.description)))))),
  );
}

// Signing in

/** @param {string} problem */
function signIn(problem) {
  keepToken(null);
  const input = /** @type {HTMLInputElement} */ (
    h("input", { id: "token", type: "password", autocomplete: "off", required: true, "aria-describedby": "sign-in-problem" })
  );
  const form = /** @type {HTMLFormElement} */ (signInDialog.firstElementChild);
  form.replaceChildren(
    h("h2", { id: "sign-in-title" }, t("signIn")),
    h("p", {}, t("signInHelp")),
    h("div.field", {}, h("label", { for: "token" }, t("token")), input, h("p.problem", { id: "sign-in-problem", role: "alert" }, problem)),
    h("div.actions", {}, h("button.primary", { type: "submit" }, t("enter"))),
  );
  form.onsubmit = (event) => {
    event.preventDefault();
    if (!input.value.trim()) return input.focus();
    keepToken(input.value.trim());
    signInDialog.close();
    void begin();
  };
  if (!signInDialog.open) signInDialog.showModal();
  input.focus();
}

/**
 * Sign in with a link's token; where another person is signed in, only if that person agrees.
 * Return whether the token is in use now.
 * @param {string} offered
 */
async function signInBy(offered) {
  if (offered === currentToken()) return false;
  try {
    const here = currentToken() === null ? undefined : await signedIn();
    if (here !== undefined) {
      const { user } = await get("me", offered);
      if (user !== here && !(await agreesToSwitch(here, user))) return false;
    }
  } catch (error) {
    const { code } = /** @type {AlertaError} */ (error);
    statusBar.notify(t(code === "unauthorized" ? "linkRefused" : code));
    statusBar.draw();
    return false;
  }
  keepToken(offered);
  return true;
}

/** Return who is signed in; undefined if the stored token is refused. */
async function signedIn() {
  try {
    return (await get("me")).user;
  } catch (error) {
    if (error instanceof AlertaError && error.code === "unauthorized") return undefined;
    throw error;
  }
}

/** @param {string} here who is signed in @param {string} other whom the link names */
function agreesToSwitch(here, other) {
  const form = /** @type {HTMLFormElement} */ (anotherUserDialog.firstElementChild);
  form.replaceChildren(
    h("h2", { id: "another-user-title" }, t("anotherUser")),
    h("p", {}, t("signedInAs"), " ", said(here)),
    h("p", {}, t("linkOf"), " ", said(other)),
    h("div.actions", {}, h("button.primary", { type: "submit", value: "stay", autofocus: true }, t("stay")), h("button", { type: "submit", value: "switch" }, t("switchUser"))),
  );
  anotherUserDialog.returnValue = "";
  anotherUserDialog.showModal();
  return new Promise((resolve) => {
    const answer = () => resolve(anotherUserDialog.returnValue === "switch");
    anotherUserDialog.addEventListener("close", answer, { once: true });
  });
}

/** The address has changed: by a link, or by the browser's buttons. */
async function addressed() {
  const offered = tokenOfAddress();
  follow();
  if (offered === null || anotherUserDialog.open || !(await signInBy(offered))) return;
  signInDialog.close();
  void begin();
}

async function start() {
  restoreToken();
  translate();
  find("report").addEventListener("click", () => report.open());
  find("more").addEventListener("click", () => void loadResolved());
  find("lang").addEventListener("click", () => {
    switchLang();
    client?.setLang(lang());
    translate();
  });
  find("theme").addEventListener("click", () => {
    keep("theme", THEMES[(THEMES.indexOf(setting("theme", "auto")) + 1) % THEMES.length]);
    themeName();
  });
  find("sign-out").addEventListener("click", () => {
    keepToken(null);
    location.reload();
  });
  signInDialog.addEventListener("cancel", (event) => event.preventDefault());
  addEventListener("popstate", () => void addressed());
  addEventListener("hashchange", () => void addressed());
  matchMedia("print").addEventListener("change", (event) => print(event.matches));
  document.addEventListener("visibilitychange", draw);
  setInterval(draw, TICK_MS);
  if (tokenAtStart !== null) await signInBy(tokenAtStart);
  void begin();
}

setTimeout(() => void start()); // not in the task that evaluates the modules
