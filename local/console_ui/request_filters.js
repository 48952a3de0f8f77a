// The filters of the Requests tab: text, status, and preflights.

import { h, icon } from "./dom.js";

const STATUS_FILTERS = {
  all: ["All", () => true],
  ok: ["2xx and 3xx", ({ status }) => status >= 200 && status < 400],
  client: ["4xx", ({ status }) => status >= 400 && status < 500],
  server: ["5xx and dropped", ({ status }) => status >= 500 || status === 0],
};

export class RequestFilters {
  /** `onChange` is called after each change of a filter. */
  constructor(onChange) {
    this.text = h("input", {
      className: "input",
      type: "search",
      placeholder: "User, path or request id",
      "aria-label": "Filter by user, path or request id",
      oninput: onChange,
    });
    this.status = h(
      "select",
      { className: "input", "aria-label": "Filter by status", onchange: onChange },
      Object.entries(STATUS_FILTERS).map(([value, [label]]) => h("option", { value }, label)),
    );
    this.preflights = h("input", { type: "checkbox", onchange: onChange });
    this.element = h(
      "div",
      { className: "filters" },
      h("div", { className: "search" }, icon("search"), this.text),
      this.status,
      h("label", { className: "check" }, this.preflights, "Preflights"),
    );
  }

  /** Return true if all filters accept a request. */
  matches(entry) {
    const text = this.text.value.trim().toLowerCase();
    const values = [entry.email, entry.sub, entry.path, entry.method, entry.request_id];
    return (
      STATUS_FILTERS[this.status.value][1](entry) &&
      (this.preflights.checked || entry.method !== "OPTIONS") &&
      (!text || values.some((value) => (value ?? "").toLowerCase().includes(text)))
    );
  }
}
