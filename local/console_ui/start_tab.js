// Start: addresses and ids of this run, and code for front ends.

import { button, codeBlock, copyButton, tabHeader, toast } from "./components.js";
import { h, update } from "./dom.js";
import { get, send } from "./server.js";

async function signUpRandomUser() {
  const { user } = await send("POST", "users", { state: "unconfirmed" });
  toast(`${user.email} has signed up. Enter the code in your app, or select Show user to confirm the user here.`);
  location.hash = "#/mail";
}

function buildFacts(facts) {
  return h(
    "dl",
    { className: "facts" },
    facts.map(({ name, value }) =>
      h(
        "div",
        {},
        h("dt", {}, name),
        h("dd", {}, h("code", { className: "value" }, value), copyButton(value, `Copy ${name}`)),
      ),
    ),
  );
}

/** Tabs as in https://www.w3.org/WAI/ARIA/apg/patterns/tabs/ */
function buildSnippets(snippets) {
  const panel = h("div", { role: "tabpanel", id: "snippet", "aria-labelledby": "snippet-0" });
  const tabs = snippets.map(({ name }, index) =>
    h("button", { type: "button", role: "tab", id: `snippet-${index}`, "aria-controls": "snippet", onclick: () => select(index) }, name),
  );
  const select = (index, isFocused = false) => {
    tabs.forEach((tab, number) => {
      tab.setAttribute("aria-selected", String(number === index));
      tab.tabIndex = number === index ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", `snippet-${index}`);
    const { name, code, note } = snippets[index];
    update(panel, note && h("p", { className: "snippet-note muted" }, note), codeBlock(code, `${name} example`));
    if (isFocused) tabs[index].focus();
  };
  const list = h("div", { role: "tablist", className: "subtabs", "aria-label": "Client" }, tabs);
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) select((tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length, true);
  });
  select(0);
  return h("section", { className: "card flush" }, h("div", { className: "card-header" }, h("h2", {}, "Connect a front end")), list, panel);
}

function buildExampleUser({ email, password }, isStored) {
  if (!isStored) return [`There is no example user. The next make run signs up ${email} again.`];
  return [
    "Example user ",
    h("code", { className: "value" }, email),
    copyButton(email, "Copy email of the example user"),
    " with password ",
    h("code", { className: "value" }, password),
    copyButton(password, "Copy password of the example user"),
  ];
}

export const tab = {
  id: "start",
  title: "Start",
  topics: ["users", "data"],
  open(container) {
    const exampleUser = h("p", { className: "card-footer muted", "data-example-user": "" });
    let isBuilt = false; // only the example user changes during a run
    return {
      async refresh() {
        const { facts, snippets, example_user: example, has_example_user: isStored } = await get("start");
        update(exampleUser, buildExampleUser(example, isStored));
        if (isBuilt) return;
        isBuilt = true;
        update(
          container,
          tabHeader(
            "Start",
            "Sign-up, profile API and embedded AWS run on this machine. Nothing leaves it.",
            button("Sign up a random user", signUpRandomUser, { kind: "primary", name: "plus" }),
          ),
          h(
            "section",
            { className: "card flush" },
            h("div", { className: "card-header" }, h("h2", {}, "This run")),
            buildFacts(facts),
            exampleUser,
          ),
          buildSnippets(snippets),
        );
      },
    };
  },
};
