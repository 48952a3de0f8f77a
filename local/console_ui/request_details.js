// The details of one request in the Requests tab.

import { codeBlock, copyButton, jsonView } from "./components.js";
import { h } from "./dom.js";

function buildLines(lines) {
  return lines.map((line) => {
    const { level = "", message = "", timestamp = "", service, request_id: id, ...rest } = line;
    const values = Object.entries(rest).map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`);
    return `${timestamp.slice(11, 23)} ${level} ${message} ${values.join(" ")}`.trim();
  });
}

/** Return the details of a request: its ids, the injected fault, the problem, and the log lines. */
export function buildDetails(entry) {
  const lines = buildLines(entry.lines);
  return h(
    "div",
    { className: "request-details" },
    h(
      "dl",
      { className: "inline-facts" },
      entry.request_id && [h("dt", {}, "Request id"), h("dd", {}, h("code", { className: "value" }, entry.request_id), copyButton(entry.request_id, "Copy request id"))],
      entry.sub && [h("dt", {}, "User"), h("dd", {}, h("a", { href: `#/users/${entry.sub}` }, entry.email ?? entry.sub))],
      entry.fault && [h("dt", {}, "Fault"), h("dd", {}, `Injected by the Faults tab: ${entry.fault}.`)],
      entry.note && [h("dt", {}, "Reason"), h("dd", { className: "break" }, entry.note)],
    ),
    entry.problem && [h("h3", {}, "Problem"), jsonView(entry.problem, "Problem")],
    h("h3", {}, "Log"),
    lines.length > 0
      ? codeBlock(lines.join("\n"), "log lines")
      : h("p", { className: "muted" }, "This request has no log lines of its own. All lines are in api.log and aws.log."),
  );
}
