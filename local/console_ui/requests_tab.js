// Requests: the last requests of clients to the API, to Cognito and to S3, and the invocations of functions.

import { badge, button, emptyState, tabHeader, timeOf } from "./components.js";
import { h, icon, update } from "./dom.js";
import { buildDetails } from "./request_details.js";
import { RequestFilters } from "./request_filters.js";
import { get, send } from "./server.js";

const SOURCES = { api: "API", cognito: "Cognito", s3: "S3", function: "Function", unreadable: "API" };

const FAULT_TITLE = "Fault injected by the Faults tab";

function statusBadge({ status }) {
  if (status === 0) return badge("dropped", "bad");
  return badge(status, status >= 500 ? "bad" : status >= 400 ? "warning" : "good");
}

/** The list of requests. A request is expanded or collapsed by a click. */
class RequestList {
  constructor() {
    this.element = h("div", {});
    this.filters = new RequestFilters(() => this.show());
    this.entries = [];
    this.expanded = new Set(); // the numbers of the requests whose details are shown
  }

  /** Show the requests that match the filters. */
  show() {
    const shown = this.entries.filter((entry) => this.filters.matches(entry));
    update(
      this.element,
      shown.some((entry) => entry.fault) && h("p", { className: "legend muted" }, h("span", { className: "stripe" }), FAULT_TITLE),
      shown.length > 0
        ? h("ul", { className: "card flush list", "aria-label": "Requests" }, shown.map((entry) => this.buildItem(entry)))
        : this.entries.length > 0
          ? emptyState("search", "No request matches", "Change the filters to see other requests.")
          : emptyState("requests", "No requests yet", "Requests of your front end appear here as they arrive."),
    );
  }

  buildItem(entry) {
    const isExpanded = this.expanded.has(entry.number);
    const row = buildRow(entry, isExpanded, () => {
      if (isExpanded) this.expanded.delete(entry.number);
      else this.expanded.add(entry.number);
      this.show();
    });
    return h("li", entry.fault ? { className: "has-fault", title: FAULT_TITLE } : {}, row, isExpanded && buildDetails(entry));
  }
}

function buildRow(entry, isExpanded, onclick) {
  const name = entry.path ? `${entry.method} ${entry.path}` : entry.method;
  return h(
    "button",
    {
      type: "button",
      className: "request-row",
      "aria-expanded": String(isExpanded),
      "data-key": `request-${entry.number}`,
      onclick,
    },
    icon("chevron"),
    statusBadge(entry),
    h("span", { className: "request-name", title: name }, h("b", {}, entry.method), " ", entry.path),
    h("span", { className: "request-source muted" }, SOURCES[entry.source] ?? entry.source),
    h("span", { className: "request-user muted truncate" }, entry.email ?? ""),
    h("span", { className: "request-ms muted" }, `${Math.round(entry.ms)} ms`),
    timeOf(entry.at),
  );
}

export const tab = {
  id: "requests",
  title: "Requests",
  topics: ["requests"],
  open(container) {
    const list = new RequestList();
    const clearButton = button("Clear", async () => send("DELETE", "requests"));
    update(
      container,
      tabHeader("Requests", "The last 200 requests to the API, Cognito and S3, and the functions that ran.", clearButton),
      list.filters.element,
      list.element,
    );
    return {
      async refresh() {
        list.entries = (await get("requests")).requests;
        list.show();
      },
    };
  },
};
