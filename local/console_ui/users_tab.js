// Users: the list with search, creation in each state, and the details of one user.

import { button, emptyState, field, openDialog, runWith, showErrors, tabHeader, toast } from "./components.js";
import { h, icon, update } from "./dom.js";
import { get, send } from "./server.js";
import { UserDetails } from "./user_details.js";
import { avatar, statusBadges } from "./user_parts.js";

const SEARCH_DELAY_MS = 150;
const PAGE_SIZE = 50;
const STATE_LABELS = {
  confirmed: "Confirmed",
  unconfirmed: "Unconfirmed: the code is in the Mail tab",
  invited: "Invited by an administrator",
  "reset-required": "Confirmed, must reset the password",
  disabled: "Confirmed, then disabled",
};
const ATTRIBUTES = [
  ["name", "Name", "text"],
  ["email", "Email", "email"],
  ["phone_number", "Phone number", "tel"],
  ["custom:dob", "Date of birth", "date"],
  ["custom:gender", "Gender", "text"],
  ["custom:blood_group", "Blood group", "text"],
];

async function openCreateDialog() {
  const { attributes: example, states } = await get("example-user");
  const state = h(
    "select",
    { className: "input", name: "state" },
    states.map((name) => h("option", { value: name }, STATE_LABELS[name] ?? name)),
  );
  const form = h(
    "form",
    { className: "form" },
    h("label", { className: "field" }, h("span", {}, "State"), state),
    ATTRIBUTES.map(([name, label, type]) => field(label, { name, type, value: example[name], dir: "auto", autocomplete: "off" })),
    h(
      "div",
      { className: "actions end" },
      h("button", { type: "button", className: "button", onclick: () => dialog.close() }, "Cancel"),
      h("button", { className: "button primary" }, "Create user"),
    ),
  );
  const dialog = h("dialog", { className: "dialog wide", "aria-labelledby": "create-title" }, h("h2", { id: "create-title" }, "Create a user"), form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    runWith(event.submitter, async () => {
      const values = Object.fromEntries(new FormData(form));
      const { state: chosen, ...attributes } = values;
      const { user, password } = await send("POST", "users", { state: chosen, attributes });
      dialog.close();
      toast(chosen === "invited" ? "Created. The temporary password is in the Mail tab." : `Created. The password is ${password}`);
      location.hash = `#/users/${user.sub}`;
    });
  });
  await openDialog(dialog);
}

function buildRow(user, selected) {
  return h(
    "li",
    {},
    h(
      "a",
      { className: "user-row", href: `#/users/${user.sub}`, "data-key": user.sub, "aria-current": user.sub === selected ? "true" : null },
      avatar(user),
      h(
        "span",
        { className: "user-text" },
        h("span", { className: "user-name truncate", dir: "auto" }, user.name || user.email),
        h("span", { className: "muted truncate" }, user.email),
      ),
      statusBadges(user),
    ),
  );
}

export const tab = {
  id: "users",
  title: "Users",
  topics: ["users", "data"],
  open(container, path) {
    let selected = path[0] ?? null;
    let limit = PAGE_SIZE;
    let timer;
    const details = new UserDetails();
    const list = h("div", { className: "user-list" });
    const count = h("p", { className: "muted", role: "status" });
    const search = h("input", {
      className: "input",
      type: "search",
      placeholder: "Search name, email, phone or id",
      "aria-label": "Search users",
      oninput: () => {
        clearTimeout(timer);
        timer = setTimeout(() => showErrors(showList), SEARCH_DELAY_MS);
      },
    });
    const split = h(
      "div",
      { className: "split" },
      h("div", { className: "split-list" }, h("div", { className: "search" }, icon("search"), search), count, list),
      h("div", { className: "split-details" }, details.element),
    );

    async function showList() {
      const text = search.value.trim();
      const { users, total } = await get(`users?limit=${limit}&search=${encodeURIComponent(text)}`);
      count.textContent = total === 1 ? "1 user" : `${total} users`;
      update(
        list,
        users.length > 0
          ? h("ul", { className: "card flush list", "aria-label": "Users" }, users.map((user) => buildRow(user, selected)))
          : text
            ? emptyState("search", "No user found", "No name, email, phone number or id contains this text.")
            : emptyState("users", "No users yet", "Create one here, or sign up in your front end."),
        total > users.length &&
          button(`Show more (${total - users.length})`, async () => {
            limit += PAGE_SIZE;
            await showList();
          }, { key: "more", kind: "wide" }),
      );
    }

    const refresh = async () => {
      split.classList.toggle("has-selection", selected !== null);
      await Promise.all([showList(), details.show(selected)]);
    };
    update(
      container,
      tabHeader("Users", "The users of the user pool, with their profiles.", button("Create user", openCreateDialog, { kind: "primary", name: "plus" })),
      split,
    );
    return {
      refresh,
      navigate(nextPath) {
        selected = nextPath[0] ?? null;
        showErrors(async () => {
          await refresh();
          if (selected) details.focus();
          else list.querySelector("a")?.focus();
        });
      },
    };
  },
};
