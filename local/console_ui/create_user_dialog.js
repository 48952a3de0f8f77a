// The dialog that creates a user in a chosen state.

import { field, openDialog, runWith, toast } from "./components.js";
import { h } from "./dom.js";
import { get, send } from "./server.js";

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

/** Open the dialog with random values. Select the user after the creation. */
export async function openCreateDialog() {
  const { attributes, states } = await get("random-user");
  const form = buildForm(attributes, states, () => dialog.close());
  const dialog = h("dialog", { className: "dialog wide", "aria-labelledby": "create-title" }, h("h2", { id: "create-title" }, "Create a user"), form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    runWith(event.submitter, () => createUser(new FormData(form), dialog));
  });
  await openDialog(dialog);
}

function buildForm(values, states, cancel) {
  const options = states.map((name) => h("option", { value: name }, STATE_LABELS[name] ?? name));
  return h(
    "form",
    { className: "form" },
    h("label", { className: "field" }, h("span", {}, "State"), h("select", { className: "input", name: "state" }, options)),
    ATTRIBUTES.map(([name, label, type]) => field(label, { name, type, value: values[name], dir: "auto", autocomplete: "off" })),
    h(
      "div",
      { className: "actions end" },
      h("button", { type: "button", className: "button", onclick: cancel }, "Cancel"),
      h("button", { className: "button primary" }, "Create user"),
    ),
  );
}

async function createUser(data, dialog) {
  const { state, ...attributes } = Object.fromEntries(data);
  const { user, password } = await send("POST", "users", { state, attributes });
  dialog.close();
  toast(state === "invited" ? "Created. The temporary password is in the Mail tab." : `Created. The password is ${password}`);
  location.hash = `#/users/${user.sub}`;
}
