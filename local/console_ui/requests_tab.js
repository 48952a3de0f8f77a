// Requests: the last requests of clients to the API, to Cognito and to S3, and the invocations of functions.

import { badge, button, codeBlock, copyButton, emptyState, jsonView, tabHeader, timeOf } from "./components.js";
import { h, icon, update } from "./dom.js";
import { get, send } from "./server.js";

const STATUS_FILTERS = {
  all: ["All", () => true],
  ok: ["2xx and 3xx", ({ status }) => status >= 200 && status < 400],
  client: ["4xx", ({ status }) => status >= 400 && status < 500],
  server: ["5xx and dropped", ({ status }) => status >= 500 || status === 0],
};
const SOURCES = { api: "API", cognito: "Cognito", s3: "S3", function: "Function", unreadable: "API" };

function statusBadge({ status }) {
  if (status === 0) return badge("dropped", "bad");
  return badge(status, status >= 500 ? "bad" : status >= 400 ? "warning" : "good");
}

function buildLines(lines) {
  return lines.map((line) => {
    const { level = "", message = "", timestamp = "", service, request_id: id, ...rest } = line;
    const values = Object.entries(rest).map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`);
    return `${timestamp.slice(11, 23)} ${level} ${message} ${values.join(" ")}`.trim();
  });
}

function buildDetails(entry) {
  const lines = buildLines(entry.lines);
  return h(
    "div",
    { className: "request-details" },
    h(
      "dl",
      { className: "inline-facts" },
      entry.request_id && [h("dt", {}, "Request id"), h("dd", {}, h("code", { className: "value" }, entry.request_id), copyButton(entry.request_id, "Copy request id"))],
      entry.sub && [h("dt", {}, "User"), h("dd", {}, h("a", { href: `#/users/${entry.sub}` }, entry.email ?? entry.sub))],
      entry.fault && [h("dt", {}, "Fault"), h("dd", {}, `This was injected: ${entry.fault}.`)],
      entry.note && [h("dt", {}, "Reason"), h("dd", { className: "break" }, entry.note)],
    ),
    entry.problem && [h("h3", {}, "Problem"), jsonView(entry.problem, "Problem")],
    h("h3", {}, "Log"),
    lines.length > 0
      ? codeBlock(lines.join("\n"), "log lines")
      : h("p", { className: "muted" }, "This request has no log lines of its own. All lines are in api.log and aws.log."),
  );
}

export const tab = {
  id: "requests",
  title: "Requests",
  topics: ["requests"],
  open(container) {
    const expanded = new Set();
    let entries = [];
    const list = h("div", {});
    const user = h("input", { className: "input", type: "search", placeholder: "User, path or request id", "aria-label": "Filter by user, path or request id", oninput: () => show() });
    const status = h(
      "select",
      { className: "input", "aria-label": "Filter by status", onchange: () => show() },
      Object.entries(STATUS_FILTERS).map(([value, [label]]) => h("option", { value }, label)),
    );
    const preflights = h("input", { type: "checkbox", onchange: () => show() });

    function matches(entry) {
      const text = user.value.trim().toLowerCase();
      const values = [entry.email, entry.sub, entry.path, entry.method, entry.request_id];
      return (
        STATUS_FILTERS[status.value][1](entry) &&
        (preflights.checked || entry.method !== "OPTIONS") &&
        (!text || values.some((value) => (value ?? "").toLowerCase().includes(text)))
      );
    }

    function buildRow(entry) {
      const isExpanded = expanded.has(entry.number);
      const name = entry.path ? `${entry.method} ${entry.path}` : entry.method;
      const row = h(
        "button",
        {
          type: "button",
          className: "request-row",
          "aria-expanded": String(isExpanded),
          "data-key": `request-${entry.number}`,
          onclick: () => {
            if (isExpanded) expanded.delete(entry.number);
            else expanded.add(entry.number);
            show();
          },
        },
        icon("chevron"),
        statusBadge(entry),
        h("span", { className: "request-name", title: name }, h("b", {}, entry.method), " ", entry.path),
        h("span", { className: "request-source muted" }, SOURCES[entry.source] ?? entry.source),
        h("span", { className: "request-user muted truncate" }, entry.email ?? ""),
        h("span", { className: "request-ms muted" }, `${Math.round(entry.ms)} ms`),
        timeOf(entry.at),
      );
      return h("li", { className: entry.fault ? "has-fault" : null }, row, isExpanded && buildDetails(entry));
    }

    function show() {
      const shown = entries.filter(matches);
      update(
        list,
        shown.length > 0
          ? h("ul", { className: "card flush list", "aria-label": "Requests" }, shown.map(buildRow))
          : entries.length > 0
            ? emptyState("search", "No request matches", "Change the filters to see other requests.")
            : emptyState("requests", "No requests yet", "Requests of your front end appear here as they arrive."),
      );
    }

    update(
      container,
      tabHeader("Requests", "The last 200 requests to the API, Cognito and S3, and the functions that ran.", button("Clear", async () => send("DELETE", "requests"))),
      h("div", { className: "filters" }, h("div", { className: "search" }, icon("search"), user), status, h("label", { className: "check" }, preflights, "Preflights")),
      list,
    );
    return {
      async refresh() {
        entries = (await get("requests")).requests;
        show();
      },
    };
  },
};
