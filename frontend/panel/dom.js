/** Helpers for the document. What people wrote becomes text, never markup. */

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Props */

/**
 * Create an element. `tag` can have classes (`"p.note"`); properties that are functions listen to
 * the event of their name, the others are attributes: never give an attribute (`href`, `src` …)
 * what people wrote.
 * @param {string} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function h(tag, props, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  return fill(element, props, children);
}

/**
 * Create an SVG element in the same way.
 * @param {string} name
 * @param {Props} [props]
 * @param {...Child} children
 */
export function svg(name, props, ...children) {
  return fill(document.createElementNS(SVG, name), props, children);
}

/**
 * Return the element with that id, which the page must have.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [kind]
 * @returns {T}
 */
export function find(id, kind = /** @type {any} */ (HTMLElement)) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`#${id}`);
  return element;
}

/**
 * Isolate what people wrote, so that it cannot change the line's direction.
 * @param {string} text
 */
export const said = (text) => h("bdi", { dir: "auto" }, text);

/**
 * Change a text only if it differs, to avoid needless announcements and layouts.
 * @param {Element} element
 * @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Set a boolean ARIA attribute, or remove it: an empty value would read as false.
 * @param {Element} element
 * @param {string} name
 * @param {boolean} on
 */
export function aria(element, name, on) {
  if (on) element.setAttribute(name, "true");
  else element.removeAttribute(name);
}

/**
 * @template {Element} T
 * @param {T} element
 * @param {Props | undefined} props
 * @param {Child[]} children
 */
function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (typeof value === "boolean" && name.startsWith("aria-")) aria(element, name, value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else if (value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  for (const child of children) {
    if (child instanceof Node) element.append(child);
    else if (child !== null && child !== undefined && child !== false) element.append(String(child));
  }
  return element;
}
