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
class Snippets {
  constructor(snippets) {
    this.snippets = snippets;
    this.selected = 0;
    this.panel = h("div", { role: "tabpanel", id: "snippet" });
    this.tabs = snippets.map(({ name }, index) =>
      h("button", { type: "button", role: "tab", id: `snippet-${index}`, "aria-controls": "snippet", onclick: () => this.select(index) }, name),
    );
    const list = h("div", { role: "tablist", className: "subtabs", "aria-label": "Client", onkeydown: (event) => this.move(event.key) }, this.tabs);
    this.element = h("section", { className: "card flush" }, h("div", { className: "card-header" }, h("h2", {}, "Connect a front end")), list, this.panel);
    this.select(0);
  }

  select(index) {
    this.selected = index;
    this.tabs.forEach((tab, number) => {
      tab.setAttribute("aria-selected", String(number === index));
      tab.tabIndex = number === index ? 0 : -1;
    });
    this.panel.setAttribute("aria-labelledby", `snippet-${index}`);
    const { name, code, note } = this.snippets[index];
    update(this.panel, note && h("p", { className: "snippet-note muted" }, note), codeBlock(code, `${name} example`));
  }

  move(key) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (!step) return;
    this.select((this.selected + step + this.tabs.length) % this.tabs.length);
    this.tabs[this.selected].focus();
  }

  /** Show new code, unless it is the shown one: a selection of text in it would be lost. */
  refresh(snippets) {
    const isChanged = snippets[this.selected].code !== this.snippets[this.selected].code;
    this.snippets = snippets;
    if (isChanged) this.select(this.selected);
  }
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
    let code = null; // the commands for curl depend on the user that they sign up
    return {
      async refresh() {
        const { facts, snippets, example_user: example, has_example_user: isStored } = await get("start");
        update(exampleUser, buildExampleUser(example, isStored));
        if (code) {
          code.refresh(snippets);
          return;
        }
        code = new Snippets(snippets);
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
          code.element,
        );
      },
    };
  },
};
