/** The settings chosen on this screen; if the browser stores nothing, they last as long as the page. */

/** @type {Map<string, string>} */
const here = new Map();

/**
 * @param {string} name
 * @param {string} otherwise
 */
export function setting(name, otherwise) {
  try {
    return localStorage.getItem(`alerta.${name}`) ?? here.get(name) ?? otherwise;
  } catch {
    return here.get(name) ?? otherwise;
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
export function keep(name, value) {
  here.set(name, value);
  try {
    localStorage.setItem(`alerta.${name}`, value);
  } catch {
    // A browser may refuse to store anything.
  }
}
