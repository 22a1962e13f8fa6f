/** The panel's texts in Spanish and English, and its formats of times and numbers. */

import { keep, setting } from "./settings.js";

/** `[one, other]` where the number matters. @typedef {Record<string, string | string[]>} Texts */

/** @type {Texts} */
const es = {
  skip: "Ir a los incidentes",
  tools: "Ajustes",
  sound: "Sonido",
  notifications: "Avisos",
  notificationsRefused: "El navegador no permite avisos de esta página.",
  theme: "Tema",
  auto: "automático",
  light: "claro",
  dark: "oscuro",
  other: "English",
  signOut: "Salir",
  report: "Reportar incidente",
  retry: "Reintentar ahora",
  retryIn: "en {n} s",
  lastUpdate: "Última novedad: {ago}",
  lastSignal: "Última señal: {ago}",
  "state.connecting": "Conectando…",
  "state.syncing": "Poniéndose al día…",
  "state.live": "En vivo",
  "state.waiting": "Sin conexión",
  "state.refused": "Sesión no válida",
  "state.stopped": "Detenido",
  stale: "Sin conexión desde {since}: lo que se ve puede haber cambiado.",
  recovered: ["Conexión recuperada: se ha recibido 1 cambio que faltaba.", "Conexión recuperada: se han recibido {n} cambios que faltaban."],
  incidents: "Incidentes",
  byUrgency: "Por urgencia",
  filters: "Buscar y filtrar",
  search: "Buscar",
  searchHint: "Buscar…",
  show: "Ver",
  order: "Orden",
  clear: "Quitar filtros",
  more: "Cargar más",
  all: "Todos",
  open: "Abiertos",
  pendiente: "Pendiente",
  en_atencion: "En atención",
  resuelto: "Resuelto",
  high: "Alta",
  medium: "Media",
  low: "Baja",
  "hint.high": "peligro para personas",
  "hint.medium": "hay que actuar hoy",
  "hint.low": "puede esperar",
  priority: "Prioridad",
  newest: "Más recientes",
  oldest: "Más antiguos",
  states: "{waiting} sin atender · {attended} en atención",
  found: ["1 incidente", "{n} incidentes"],
  empty: "No hay incidentes abiertos.",
  emptyFiltered: "Nada coincide con los filtros.",
  new: "nuevo",
  drill: "SIMULACRO",
  isDrill: "Es un simulacro",
  newOne: "Nuevo incidente: {type}, {location}, urgencia {urgency}",
  newOnes: "{n} incidentes nuevos, {urgent} de urgencia alta",
  urgentOne: "Urgencia alta: {type}",
  urgentOnes: "{n} incidentes de urgencia alta",
  type: "Tipo",
  location: "Lugar",
  urgency: "Urgencia",
  status: "Estado",
  description: "Descripción",
  optional: "(opcional)",
  missing: "Falta este dato.",
  send: "Enviar reporte",
  cancel: "Cancelar",
  sent: "Reporte enviado.",
  queued: "Sin conexión: el reporte se enviará al recuperarla. No cierre esta página.",
  back: "Volver",
  happened: "Ocurrió",
  reportedBy: "Reportado por",
  id: "Identificador",
  note: "Nota para el historial",
  addNote: "Agregar nota",
  noteMissing: "Escriba la nota.",
  "pendiente>en_atencion": "Atender",
  "pendiente>resuelto": "Resolver",
  "en_atencion>resuelto": "Resolver",
  "en_atencion>pendiente": "Devolver a pendiente",
  "resuelto>pendiente": "Reabrir",
  changeUrgency: "Cambiar urgencia",
  history: "Historial",
  noHistory: "No se pudo cargar el historial.",
  olderSteps: "Ver pasos anteriores",
  gone: "Ese incidente no existe.",
  reported: "Reportado",
  noteAdded: "Nota",
  screens: "Pantallas: {delivered} de {attempted}",
  "channel.email": "Correo",
  "channel.webhook": "Webhook",
  "result.sent": "enviado",
  "result.failed": "falló; se reintenta",
  "result.given_up": "no se pudo enviar",
  "result.suppressed": "no se envió",
  "result.pending": "pendiente",
  "result.held": "retenido",
  "because.grouped": "se junta con otros del mismo tipo y lugar",
  "because.limit": "se junta con otros: hubo muchos en poco tiempo",
  "because.no_rule": "ninguna regla le da destinatario",
  "because.timeout": "no respondió a tiempo",
  "because.unreachable": "no se puede conectar",
  "because.unknown_host": "no existe ese servidor",
  "because.tls": "su certificado no es válido",
  "because.private_address": "dirección interna",
  "because.not_http": "no responde con HTTP",
  "because.internal": "error interno",
  "because.paused": "en pausa",
  "because.gone": "retirado",
  summary: "Resumen",
  period: "Periodo",
  day: "24 horas",
  week: "7 días",
  inTotal: ["incidente reportado", "incidentes reportados"],
  incomplete: "(hay más de los que se pueden contar)",
  byHour: "Por hora del día",
  byType: "Por tipo",
  byLocation: "Por lugar",
  times: "Tiempos",
  attendMedian: "Hasta atender (mediana)",
  attendP90: "Hasta atender (90 %)",
  resolveMedian: "Hasta resolver (mediana)",
  resolveP90: "Hasta resolver (90 %)",
  others: "Otros",
  nothing: "Sin datos.",
  noStats: "No se pudo cargar el resumen.",
  signIn: "Iniciar sesión",
  signInHelp: "Pegue el token de acceso que le dio la universidad.",
  token: "Token de acceso",
  enter: "Entrar",
  anotherUser: "El enlace es de otra persona",
  signedInAs: "Sesión iniciada:",
  linkOf: "El enlace inicia la sesión de:",
  switchUser: "Cambiar de persona",
  stay: "Seguir con mi sesión",
  linkRefused: "El token del enlace no es válido o ha vencido; su sesión sigue.",
  refused: "El token no es válido o ha vencido.",
  unreachable: "No se pudo contactar al servicio.",
  stopped: "La conexión se cerró antes de enviarlo.",
  queue_full: "Hay demasiados envíos en espera.",
  unknown_outcome: "La conexión se cortó: mire si el cambio se hizo.",
  timeout: "El servicio no respondió.",
  printed: "Impreso el {at}",
  date: "{day} {month}",
  months: "ene feb mar abr may jun jul ago sept oct nov dic",
};

/** @type {Texts} */
const en = {
  skip: "Skip to the incidents",
  tools: "Settings",
  sound: "Sound",
  notifications: "Notifications",
  notificationsRefused: "The browser allows this page no notifications.",
  theme: "Theme",
  auto: "automatic",
  light: "light",
  dark: "dark",
  other: "Español",
  signOut: "Sign out",
  report: "Report an incident",
  retry: "Try again now",
  retryIn: "in {n} s",
  lastUpdate: "Last update: {ago}",
  lastSignal: "Last signal: {ago}",
  "state.connecting": "Connecting…",
  "state.syncing": "Catching up…",
  "state.live": "Live",
  "state.waiting": "Not connected",
  "state.refused": "Not signed in",
  "state.stopped": "Stopped",
  stale: "No connection since {since}: what you see may have changed.",
  recovered: ["Connection recovered: 1 missed change has arrived.", "Connection recovered: {n} missed changes have arrived."],
  incidents: "Incidents",
  byUrgency: "By urgency",
  filters: "Search and filter",
  search: "Search",
  searchHint: "Search…",
  show: "Show",
  order: "Order",
  clear: "Clear filters",
  more: "Load more",
  all: "All",
  open: "Open",
  pendiente: "Pending",
  en_atencion: "In attention",
  resuelto: "Resolved",
  high: "High",
  medium: "Medium",
  low: "Low",
  "hint.high": "danger to people",
  "hint.medium": "needs action today",
  "hint.low": "can wait",
  priority: "Priority",
  newest: "Newest",
  oldest: "Oldest",
  states: "{waiting} waiting · {attended} in attention",
  found: ["1 incident", "{n} incidents"],
  empty: "There are no open incidents.",
  emptyFiltered: "Nothing matches the filters.",
  new: "new",
  drill: "DRILL",
  isDrill: "This is a drill",
  newOne: "New incident: {type}, {location}, urgency {urgency}",
  newOnes: "{n} new incidents, {urgent} of high urgency",
  urgentOne: "High urgency: {type}",
  urgentOnes: "{n} incidents of high urgency",
  type: "Type",
  location: "Location",
  urgency: "Urgency",
  status: "Status",
  description: "Description",
  optional: "(optional)",
  missing: "This is needed.",
  send: "Send report",
  cancel: "Cancel",
  sent: "Report sent.",
  queued: "No connection: the report will be sent when it is back. Do not close this page.",
  back: "Back",
  happened: "Happened",
  reportedBy: "Reported by",
  id: "Identifier",
  note: "Note for the history",
  addNote: "Add note",
  noteMissing: "Write the note.",
  "pendiente>en_atencion": "Attend to it",
  "pendiente>resuelto": "Resolve",
  "en_atencion>resuelto": "Resolve",
  "en_atencion>pendiente": "Back to pending",
  "resuelto>pendiente": "Reopen",
  changeUrgency: "Change urgency",
  history: "History",
  noHistory: "The history could not be loaded.",
  olderSteps: "Show earlier steps",
  gone: "There is no such incident.",
  reported: "Reported",
  noteAdded: "Note",
  screens: "Screens: {delivered} of {attempted}",
  "channel.email": "E-mail",
  "channel.webhook": "Webhook",
  "result.sent": "sent",
  "result.failed": "failed; being retried",
  "result.given_up": "could not be sent",
  "result.suppressed": "not sent",
  "result.pending": "pending",
  "result.held": "held",
  "because.grouped": "leaves with others of its type and place",
  "because.limit": "leaves with others: there were many in a short time",
  "because.no_rule": "no rule names a recipient",
  "because.timeout": "did not answer in time",
  "because.unreachable": "no connection",
  "because.unknown_host": "no such host",
  "because.tls": "its certificate is not valid",
  "because.private_address": "an internal address",
  "because.not_http": "does not speak HTTP",
  "because.internal": "internal error",
  "because.paused": "paused",
  "because.gone": "gone",
  summary: "Summary",
  period: "Period",
  day: "24 hours",
  week: "7 days",
  inTotal: ["incident reported", "incidents reported"],
  incomplete: "(there are more than can be counted)",
  byHour: "By hour of the day",
  byType: "By type",
  byLocation: "By location",
  times: "Times",
  attendMedian: "To attend (median)",
  attendP90: "To attend (90 %)",
  resolveMedian: "To resolve (median)",
  resolveP90: "To resolve (90 %)",
  others: "Others",
  nothing: "No data.",
  noStats: "The summary could not be loaded.",
  signIn: "Sign in",
  signInHelp: "Paste the access token that the university gave you.",
  token: "Access token",
  enter: "Enter",
  anotherUser: "The link belongs to someone else",
  signedInAs: "Signed in:",
  linkOf: "The link signs in:",
  switchUser: "Switch to that person",
  stay: "Stay signed in",
  linkRefused: "The token of the link is not valid, or has expired; you stay signed in.",
  refused: "The token is not valid, or has expired.",
  unreachable: "The service could not be reached.",
  stopped: "The connection was closed before it was sent.",
  queue_full: "Too many messages are waiting.",
  unknown_outcome: "The connection broke: see whether the change was made.",
  timeout: "The service did not answer.",
  printed: "Printed on {at}",
  date: "{month} {day}",
  months: "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
};

/** @type {Record<string, Texts>} */
const LANGUAGES = { es, en };
const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

let current = setting("lang", navigator.languages.find((name) => /^(es|en)\b/.test(name))?.slice(0, 2) ?? "es");
if (!(current in LANGUAGES)) current = "es";
/** @type {Intl.RelativeTimeFormat | undefined} */
let relative;

/** Created on first use: it costs a browser some milliseconds. */
const relativeTime = () => (relative ??= new Intl.RelativeTimeFormat(current, { numeric: "auto", style: "short" }));

export const lang = () => /** @type {"es" | "en"} */ (current);

/** Switch to the other language. */
export function switchLang() {
  current = current === "es" ? "en" : "es";
  keep("lang", current);
  relative = undefined;
}

/**
 * Return the text of that name, or the name itself if there is no such text.
 * @param {string} name
 * @param {Record<string, string | number>} [values] for its `{…}`; `n` chooses one or many
 */
export function t(name, values = {}) {
  const found = LANGUAGES[current][name] ?? name;
  const text = Array.isArray(found) ? found[values.n === 1 ? 0 : 1] : found;
  return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
}

/** Translate the texts of the page's own markup. */
export function translatePage() {
  document.documentElement.lang = current;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.getAttribute("data-t") ?? "");
  for (const attribute of ["label", "placeholder"])
    for (const element of document.querySelectorAll(`[data-t-${attribute}]`))
      element.setAttribute(attribute === "label" ? "aria-label" : attribute, t(element.getAttribute(`data-t-${attribute}`) ?? ""));
}

/** Say how long ago that was. @param {string} when RFC 3339 */
export function ago(when) {
  const seconds = (Date.parse(when) - Date.now()) / 1000;
  const size = Math.abs(seconds);
  if (size < MINUTE_S) return relativeTime().format(Math.min(0, Math.trunc(seconds / 10) * 10), "second");
  if (size < HOUR_S) return relativeTime().format(Math.trunc(seconds / MINUTE_S), "minute");
  if (size < DAY_S) return relativeTime().format(Math.trunc(seconds / HOUR_S), "hour");
  return relativeTime().format(Math.trunc(seconds / DAY_S), "day");
}

/**
 * Format the time, with the day unless it is today. Written by hand, since a browser's first
 * `Intl.DateTimeFormat` takes as long as the rest of the page's start.
 * @param {string} when RFC 3339
 */
export function clock(when) {
  const date = new Date(when);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
  if (date.toDateString() === new Date().toDateString()) return time;
  return `${t("date", { day: date.getDate(), month: t("months").split(" ")[date.getMonth()] })} ${time}`;
}

/** @param {number} value */
export const number = (value) => value.toLocaleString(current);

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < MINUTE_S) return `${Math.round(seconds)} s`;
  if (seconds < HOUR_S) return `${Math.round(seconds / MINUTE_S)} min`;
  if (seconds < 2 * DAY_S) return `${number(Math.round((seconds / HOUR_S) * 10) / 10)} h`;
  return `${Math.round(seconds / DAY_S)} d`;
}
