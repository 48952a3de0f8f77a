// Elements without a framework. Text is always set as text, so no value of a user is interpreted as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Return an element. Properties that start with "on" are listeners; children are elements, texts, or nothing. */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) setProperty(element, key, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function setProperty(element, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
  else if (key in element && typeof value !== "string") element[key] = value;
  else element.setAttribute(key === "className" ? "class" : key, value === true ? "" : value);
}

/** Return a line icon. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

const ICONS = {
  start: "M5 12h14M13 6l6 6-6 6",
  mail: "M3 6h18v12H3zM3 7l9 7 9-7",
  users: "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8M2 21c0-4 3-6 7-6s7 2 7 6M16 3.5a4 4 0 0 1 0 7M18 15.500c2.500.8 4 2.600 4 5.500",
  requests: "M4 6h10M4 12h16M4 18h7M17 4l3 2-3 2",
  api: "M8 7l-5 5 5 5M16 7l5 5-5 5M13.500 5l-3 14",
  faults: "M12 4L2.500 20h19zM12 10v5M12 17.500v.5",
  data: "M4 6c0-1.700 3.600-3 8-3s8 1.300 8 3-3.600 3-8 3-8-1.300-8-3M4 6v12c0 1.700 3.600 3 8 3s8-1.300 8-3V6M4 12c0 1.700 3.600 3 8 3s8-1.300 8-3",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 13l4 4L19 7",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M16 16l5 5",
  close: "M6 6l12 12M18 6L6 18",
  back: "M19 12H5M11 6l-6 6 6 6",
  chevron: "M9 6l6 6-6 6",
  plus: "M12 5v14M5 12h14",
};

/** Replace the children of an element. The same control remains focused, or else the nearest heading. Lists remain scrolled. */
export function update(container, ...children) {
  const scrolled = [...container.querySelectorAll("[data-key]")].filter((element) => element.scrollTop > 0);
  const offsets = scrolled.map((element) => [buildSelector(element), element.scrollTop]);
  const active = container.contains(document.activeElement) ? document.activeElement : null;
  const selection = active && "selectionStart" in active ? [active.selectionStart, active.selectionEnd] : null;
  container.replaceChildren(...children.flat(Infinity).filter(Boolean));
  for (const [selector, offset] of offsets) container.querySelector(selector)?.scrollTo(0, offset);
  if (!active || active === container) return;
  const next = restoreFocus(container, buildSelector(active));
  if (next && selection && selection[0] !== null) next.setSelectionRange(...selection);
}

/** Return a selector that finds a control again after its container was updated, or null if nothing identifies it. */
export function buildSelector(element) {
  const { key } = element.dataset;
  if (key) return `[data-key="${CSS.escape(key)}"]`;
  if (element.id) return `#${CSS.escape(element.id)}`;
  const name = ["aria-label", "href"].find((candidate) => element.hasAttribute(candidate));
  return name ? `${element.localName}[${name}="${CSS.escape(element.getAttribute(name))}"]` : null;
}

/** Focus the control that a selector finds, and return it. Without one, focus the nearest heading and return null. */
export function restoreFocus(container, selector) {
  const found = selector === null ? null : container.querySelector(selector);
  found?.focus({ preventScroll: true });
  if (found && document.activeElement === found) return found;
  focusHeading(container);
  return null;
}

/** Focus the first visible heading in an element, or else in the nearest ancestor that has one. */
export function focusHeading(element) {
  const headings = [...element.querySelectorAll("h1, h2, h3")];
  const heading = headings.find((candidate) => candidate.checkVisibility());
  if (!heading) {
    if (element.parentElement) focusHeading(element.parentElement);
    return;
  }
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}
