// The dialog that creates a user in a chosen state.

import { button, openDialog, runWith, toast } from "./components.js";
import { findFieldErrors } from "./field_errors.js";
import { h, update } from "./dom.js";
import { get, send, ServerError } from "./server.js";

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
  const values = await get("random-user");
  const form = new CreateUserForm(values, () => dialog.close());
  const dialog = h("dialog", { className: "dialog wide", "aria-labelledby": "create-title" }, h("h2", { id: "create-title" }, "Create a user"), form.element);
  form.element.addEventListener("submit", (event) => {
    event.preventDefault();
    runWith(event.submitter, async () => {
      const user = await form.createUser();
      if (!user) return;
      dialog.close();
      location.hash = `#/users/${user.sub}`;
    });
  });
  await openDialog(dialog);
}

/** The form. It sends the values as they are, and shows a rejection at the fields. */
class CreateUserForm {
  constructor({ attributes, choices, states }, cancel) {
    this.inputs = {}; // by the name of the attribute
    this.errors = {}; // the elements with the error of each field
    this.alert = h("div", { className: "form-error", role: "alert" });
    const options = states.map((name) => h("option", { value: name }, STATE_LABELS[name] ?? name));
    this.element = h(
      "form",
      { className: "form", noValidate: true },
      h("label", { className: "field" }, h("span", {}, "State"), h("select", { className: "input", name: "state" }, options)),
      ATTRIBUTES.map(([name, label, type]) => this.buildField(name, label, type, choices[name])),
      this.alert,
      h(
        "div",
        { className: "actions end" },
        button("Random values", () => this.fillRandomly()),
        h("button", { type: "button", className: "button", onclick: cancel }, "Cancel"),
        h("button", { className: "button primary" }, "Create user"),
      ),
    );
    this.fill(attributes);
  }

  buildField(name, label, type, values) {
    const id = `new-user-${name.replace(":", "-")}`;
    const properties = { className: "input", id, name, "aria-describedby": `${id}-error` };
    const options = values && ["", ...values].map((value) => h("option", { value }, value || "No value"));
    this.inputs[name] = values ? h("select", properties, options) : h("input", { ...properties, type, dir: "auto", autocomplete: "off" });
    this.errors[name] = h("small", { className: "error-text", id: `${id}-error` });
    return h("div", { className: "field" }, h("label", { for: id }, label), this.inputs[name], this.errors[name]);
  }

  fill(attributes) {
    for (const [name, input] of Object.entries(this.inputs)) input.value = attributes[name];
    this.showErrors({}, []);
  }

  async fillRandomly() {
    this.fill((await get("random-user")).attributes);
  }

  /** Create the user, and return it. If the values are rejected, show why and return null. */
  async createUser() {
    const { state, ...attributes } = Object.fromEntries(new FormData(this.element));
    try {
      const { user, password } = await send("POST", "users", { state, attributes });
      toast(state === "invited" ? "The user was invited. The temporary password is in the Mail tab." : `The user was created. The password is ${password}`);
      return user;
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      const { fields, others } = findFieldErrors(error.message);
      this.showErrors(fields, others);
      return null;
    }
  }

  showErrors(fields, others) {
    for (const [name, input] of Object.entries(this.inputs)) {
      this.errors[name].textContent = fields[name] ?? "";
      if (fields[name]) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
    const hasFieldErrors = Object.keys(fields).length > 0;
    const texts = hasFieldErrors ? ["The user was not created.", ...others] : others;
    update(this.alert, texts.map((text) => h("p", { className: "error-text" }, text)));
    Object.entries(this.inputs).find(([name]) => fields[name])?.[1].focus();
  }
}
