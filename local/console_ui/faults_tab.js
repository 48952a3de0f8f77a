// Faults: let the next requests of the API fail.

import { badge, button, runWith, tabHeader, toast } from "./components.js";
import { h, update } from "./dom.js";
import { get, send } from "./server.js";

const KINDS = {
  unavailable: ["503 Service Unavailable", "AWS is throttled or down. The problem details and Retry-After are those of the API."],
  throttled: ["429 Too Many Requests", "API Gateway throttles the client. The response has Retry-After."],
  slow: ["Slow", "The API responds correctly, but after a delay."],
  dropped: ["Connection drops", "The connection ends without a response, as after a network failure."],
};
const COUNTS = [
  [1, "Next request"],
  [5, "Next 5 requests"],
  [null, "Every request until turned off"],
];

/** Return a sentence about an active fault. */
export function describeFault(fault) {
  const result = {
    unavailable: "rejected with 503",
    throttled: "rejected with 429",
    slow: `delayed by ${fault.delay_seconds} s`,
    dropped: "dropped",
  }[fault.kind];
  if (fault.remaining === null) return `Every API request is ${result}.`;
  return fault.remaining === 1 ? `The next API request is ${result}.` : `The next ${fault.remaining} API requests are ${result}.`;
}

function buildChoice(name, value, title, text, isChecked) {
  return h(
    "label",
    { className: "choice" },
    h("input", { type: "radio", name, value: String(value), checked: isChecked }),
    h("span", {}, h("strong", {}, title), text && h("small", { className: "muted" }, text)),
  );
}

function buildChoices(name, className, options) {
  return h("div", { className: `choices ${className}` }, options.map(([value, title, text], index) => buildChoice(name, value, title, text, index === 0)));
}

function buildForm() {
  const delay = h("input", { className: "input", name: "delay_seconds", type: "number", min: "0.1", max: "29", step: "0.1", value: "3", required: true });
  const delayField = h("label", { className: "field short", hidden: true }, h("span", {}, "Delay in seconds"), delay);
  const kinds = Object.entries(KINDS).map(([kind, [title, text]]) => [kind, title, text]);
  const form = h(
    "form",
    { className: "card form" },
    h("fieldset", {}, h("legend", {}, "Fault"), buildChoices("kind", "two", kinds)),
    h("fieldset", {}, h("legend", {}, "How often"), buildChoices("remaining", "three", COUNTS)),
    delayField,
    h("div", { className: "actions" }, h("button", { className: "button primary" }, "Turn on")),
  );
  form.addEventListener("change", () => {
    delayField.hidden = new FormData(form).get("kind") !== "slow";
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    runWith(event.submitter, () => turnOn(Object.fromEntries(new FormData(form))));
  });
  return form;
}

async function turnOn(values) {
  await send("PUT", "fault", {
    kind: values.kind,
    remaining: values.remaining === "null" ? null : Number(values.remaining),
    delay_seconds: Number(values.delay_seconds),
  });
  toast("The fault is on.");
}

export const tab = {
  id: "faults",
  title: "Faults",
  topics: ["faults"],
  open(container) {
    const state = h("div", { role: "status" });
    update(
      container,
      tabHeader("Faults", "Test how your front end handles errors. Preflights and the console itself are never affected."),
      state,
      buildForm(),
    );
    return {
      async refresh() {
        const { fault } = await get("fault");
        update(
          state,
          h(
            "div",
            { className: `card fault-state ${fault ? "on" : ""}` },
            badge(fault ? "On" : "Off", fault ? "bad" : "neutral"),
            h("p", {}, fault ? describeFault(fault) : "The API responds normally."),
            fault && button("Turn off", async () => send("DELETE", "fault"), { kind: "small" }),
          ),
        );
      },
    };
  },
};
