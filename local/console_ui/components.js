// The parts of which the tabs consist.

import { buildSelector, h, icon, restoreFocus } from "./dom.js";
import { ServerError } from "./server.js";

const TOAST_MS = 4000;
const COPIED_MS = 1500;

/** Return the heading of a tab with its actions. */
export function tabHeader(title, description, ...actions) {
  return h(
    "div",
    { className: "tab-header" },
    h("div", {}, h("h1", {}, title), description && h("p", { className: "muted" }, description)),
    actions.length > 0 && h("div", { className: "actions" }, ...actions),
  );
}

/** Return the element that a list shows if it has no entries. */
export function emptyState(name, title, text, ...actions) {
  return h("div", { className: "empty" }, icon(name), h("h2", {}, title), h("p", {}, text), ...actions);
}

/**
 * Return a button. `run` may be asynchronous: the button is busy until `run` has ended, and an error is shown. A disabled
 * button can have the focus, so that a key press which disables it does not lose the focus. `title` is the reason.
 */
export function button(label, run, { kind = "", name = null, key = null, disabled = false, title = null } = {}) {
  const element = h(
    "button",
    { type: "button", className: `button ${kind}`, "data-key": key ?? label, "aria-disabled": disabled ? "true" : null, title },
    name && icon(name),
    h("span", {}, label),
  );
  element.addEventListener("click", () => runWith(element, run));
  return element;
}

/** Run an action of a control, and show an error. The control is busy during the action, and remains focused. */
export async function runWith(control, run) {
  if (control.getAttribute("aria-disabled") === "true") return;
  control.setAttribute("aria-disabled", "true");
  await showErrors(run);
  control.removeAttribute("aria-disabled");
}

/** Run something, and show the message of an error. */
export async function showErrors(run) {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    toast(error.message, "error");
  }
}

/** Run something that is repeated soon, so a failure needs no message of its own. */
export async function inBackground(run) {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
  }
}

/** Return a button that copies a text. Its label starts with "Copy". `message` is shown after the copy. */
export function copyButton(text, label, { className = "copy", content = null, key = null, message = null } = {}) {
  const symbol = h("span", { className: "copy-symbol" }, icon("copy"));
  return h(
    "button",
    {
      type: "button",
      className,
      "aria-label": label,
      title: label,
      "data-key": key ?? `copy ${label}`,
      onclick: async () => {
        if (!(await copy(text, message ?? `Copied: ${label.replace(/^Copy /, "")}.`))) return;
        symbol.replaceChildren(icon("check"));
        setTimeout(() => symbol.replaceChildren(icon("copy")), COPIED_MS);
      },
    },
    content,
    symbol,
  );
}

/** Copy a text to the clipboard, and show a message. Return true if the browser allows it. */
export async function copy(text, message) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    toast("The browser does not allow copying. Select the text instead.", "error");
    return false;
  }
  toast(message);
  return true;
}

/** Show a message for some seconds. */
export function toast(message, kind = "success") {
  const element = h("p", { className: `toast ${kind}` }, message);
  // The rest of the page is inert while a dialog is open.
  const dialog = document.querySelector("dialog[open]");
  (dialog ? ensureToasts(dialog) : document.getElementById("toasts")).append(element);
  setTimeout(() => element.remove(), kind === "error" ? 2 * TOAST_MS : TOAST_MS);
}

function ensureToasts(dialog) {
  const existing = dialog.querySelector(".toasts");
  if (existing) return existing;
  const toasts = h("div", { className: "toasts", role: "status" });
  dialog.append(toasts);
  return toasts;
}

/** Return a label with a color: neutral, good, warning, bad or info. */
export function badge(text, kind = "neutral") {
  return h("span", { className: `badge ${kind}` }, text);
}

/** Prompt for a confirmation. Returns true if the user confirms. */
export function confirmAction(title, text, label) {
  const dialog = h(
    "dialog",
    { className: "dialog", "aria-labelledby": "dialog-title" },
    h("h2", { id: "dialog-title" }, title),
    h("p", {}, text),
    h(
      "form",
      { method: "dialog", className: "actions end" },
      h("button", { className: "button", value: "cancel", autofocus: true }, "Cancel"),
      h("button", { className: "button danger solid", value: "confirm" }, label),
    ),
  );
  return openDialog(dialog).then((value) => value === "confirm");
}

/**
 * Open a dialog, remove it when it closes, and return the value with which it closed. The browser returns the focus to
 * the control that had it. If an update has replaced this control, the new one gets the focus.
 */
export function openDialog(dialog) {
  const selector = buildSelector(document.activeElement);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (document.activeElement === document.body) restoreFocus(document.getElementById("content"), selector);
      resolve(dialog.returnValue);
    });
  });
}

/** Return a text field with its label. */
export function field(label, properties, hint) {
  const input = h("input", { className: "input", ...properties });
  return h("label", { className: "field" }, h("span", {}, label), input, hint && h("small", { className: "muted" }, hint));
}

/** Return JSON with colors. Values that differ from `before` are marked, except those with a name in `unmarked`. */
export function jsonView(value, label, before, unmarked = []) {
  const lines = Array.isArray(value) || value === null || typeof value !== "object" ? null : Object.entries(value);
  const code = h("code", {});
  if (lines === null) {
    code.append(...colorize(JSON.stringify(value, null, 2)));
  } else {
    lines.forEach(([key, part], index) => {
      const text = `${index ? "" : "{\n"}  ${JSON.stringify(key)}: ${indent(part)}${index < lines.length - 1 ? "," : "\n}"}\n`;
      const isChanged = before && !unmarked.includes(key) && JSON.stringify(before[key]) !== JSON.stringify(part);
      code.append(isChanged ? h("mark", { className: "changed" }, ...colorize(text)) : h("span", {}, ...colorize(text)));
    });
    if (!lines.length) code.append("{}");
  }
  return h("pre", { className: "code", tabindex: "0", role: "region", "aria-label": label }, code);
}

function indent(value) {
  return JSON.stringify(value, null, 2).replaceAll("\n", "\n  ");
}

const JSON_PARTS = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function* colorize(text) {
  let end = 0;
  for (const match of text.matchAll(JSON_PARTS)) {
    yield text.slice(end, match.index);
    const kind = match[2] ? "json-key" : match[1] ? "json-string" : "json-literal";
    yield h("span", { className: kind }, match[1] ? match[1] : match[0]);
    if (match[2]) yield match[2];
    end = match.index + match[0].length;
  }
  yield text.slice(end);
}

/** Return code with a button that copies it. */
export function codeBlock(code, label) {
  return h(
    "div",
    { className: "code-block" },
    h("pre", { className: "code", tabindex: "0", role: "region", "aria-label": label }, h("code", {}, code)),
    copyButton(code, `Copy ${label}`, { className: "copy floating" }),
  );
}

// Lists have 200 times. toLocaleString and its siblings create a format for each call.
const TIME = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DATE = new Intl.DateTimeFormat([], { year: "numeric", month: "short", day: "numeric" });
const DATE_AND_TIME = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "medium" });

/** Return a time of day, with the whole date as its title. */
export function timeOf(text) {
  const date = new Date(text);
  const isToday = date.toDateString() === new Date().toDateString();
  return h("time", { datetime: text, title: DATE_AND_TIME.format(date) }, (isToday ? TIME : DATE).format(date));
}
