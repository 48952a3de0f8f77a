// The details of one user: actions, tokens, and a panel for each feature.

import { button, confirmAction, copy, copyButton, emptyState, jsonView, toast } from "./components.js";
import { h, update } from "./dom.js";
import { buildPanel } from "./panels.js";
import { get, send, ServerError } from "./server.js";
import { avatar, statusBadges } from "./user_parts.js";

const MESSAGES = {
  confirm: "The user was confirmed.",
  "resend-code": "A new mail was sent. It is in the Mail tab.",
  "reset-password": "The user must now reset the password. The mail with the code is in the Mail tab.",
  disable: "The user was disabled.",
  enable: "The user was enabled.",
};
// The next step, by the status of the user.
const NEXT_STEPS = {
  UNCONFIRMED: "The user cannot sign in yet. Enter the code from the Mail tab in your app, or select Confirm.",
  FORCE_CHANGE_PASSWORD: "The user cannot sign in here. In your app, sign in with the temporary password from the Mail tab, and set a new password.",
  RESET_REQUIRED: "The user cannot sign in yet. In your app, enter the code from the Mail tab and a new password.",
};

export class UserDetails {
  constructor() {
    this.element = h("div", { className: "details" });
    this.sub = null;
    this.session = null; // the tokens of "sign in as"
    this.previous = {}; // the bodies of the panels, to mark changed values
    this.hasOpenAttributes = false;
  }

  /** Show a user, or a hint if none is selected. */
  async show(sub) {
    if (sub !== this.sub) {
      this.sub = sub;
      this.session = null;
      this.previous = {};
    }
    if (sub === null) {
      update(this.element, emptyState("users", "No user selected", "Select a user to see the profile, the stored item, files and deletion."));
      return;
    }
    let content;
    try {
      content = await get(`users/${encodeURIComponent(sub)}`);
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      update(this.element, this.buildBackLink(), emptyState("users", "User not available", error.message));
      return;
    }
    if (sub !== this.sub) return; // another user was selected during the request
    const { user, panels } = content;
    const nextStep = findNextStep(user);
    update(
      this.element,
      this.buildBackLink(),
      this.buildHeader(user, panels),
      this.buildActions(user, nextStep),
      nextStep && h("p", { className: "next-step" }, nextStep),
      this.session && this.buildSession(),
      h("div", { className: "panels" }, panels.map((panel) => buildPanel(panel, this.sub, this.previous[panel.id]))),
      h(
        "details",
        { className: "card", open: this.hasOpenAttributes, ontoggle: (event) => { this.hasOpenAttributes = event.target.open; } },
        h("summary", { "data-key": "attributes" }, "Attributes in Cognito"),
        jsonView(user.attributes, "Attributes in Cognito"),
      ),
    );
    this.previous = Object.fromEntries(panels.map((panel) => [panel.id, panel.body]));
  }

  /** Move the focus to the heading, after the user has selected a row. */
  focus() {
    this.element.querySelector("h2")?.focus({ preventScroll: true });
  }

  buildBackLink() {
    return h("a", { className: "back-link", href: "#/users" }, "All users");
  }

  buildHeader(user, panels) {
    const picture = panels.find((panel) => panel.id === "picture" && panel.status === 200);
    const url = picture ? `/data/users/${user.sub}/picture?at=${encodeURIComponent(picture.etag ?? "")}` : null;
    return h(
      "header",
      { className: "user-header" },
      avatar(user, url),
      h(
        "div",
        { className: "user-text" },
        h("h2", { tabindex: "-1", dir: "auto" }, user.name || user.email),
        h("p", { className: "muted break" }, user.email, copyButton(user.email, "Copy email")),
        h("p", { className: "muted break" }, h("code", { className: "value" }, user.sub), copyButton(user.sub, "Copy id")),
      ),
      statusBadges(user),
    );
  }

  /** Return the buttons. Each has the same place in every state, so that a second click runs no other action. */
  buildActions(user, nextStep) {
    const isConfirmed = user.status === "CONFIRMED";
    const isUnconfirmed = user.status === "UNCONFIRMED";
    const isInvited = user.status === "FORCE_CHANGE_PASSWORD";
    const change = (label, action, isPossible, isApproved) =>
      button(label, () => this.changeState(user, action, isApproved), { disabled: !isPossible });
    return h(
      "div",
      { className: "actions" },
      button("Sign in as", () => this.signIn(user), { kind: "primary", disabled: nextStep !== null, title: nextStep }),
      change("Confirm", "confirm", isUnconfirmed),
      change("Resend code", "resend-code", isUnconfirmed || isInvited),
      change("Require password reset", "reset-password", isConfirmed && user.enabled, confirmReset),
      change("Disable", "disable", user.enabled),
      change("Enable", "enable", !user.enabled),
      button("Delete", () => this.deleteUser(user), { kind: "danger" }),
    );
  }

  /** Change the state of a user if `isApproved`, which may ask, returns true for the user. */
  async changeState(user, action, isApproved = async () => true) {
    if (!(await isApproved(user))) return;
    await send("POST", `users/${user.sub}/state`, { action });
    toast(MESSAGES[action]);
    await this.show(this.sub);
  }

  async signIn(user) {
    this.session = await send("POST", `users/${user.sub}/tokens`);
    this.session.isCopied = await copy(this.session.tokens.IdToken, "The ID token was copied.");
    await this.show(this.sub);
  }

  async deleteUser(user) {
    const isConfirmed = await confirmAction(
      "Delete this user?",
      `${user.email} is deleted through the API, as in production: the profile, the files and the account are erased.`,
      "Delete user",
    );
    if (!isConfirmed) return;
    const { message } = await send("DELETE", `users/${user.sub}`);
    toast(message);
    if (this.sub === user.sub) location.hash = "#/users";
  }

  buildSession() {
    const { tokens, claims, isCopied } = this.session;
    const expires = new Date(claims.exp * 1000).toLocaleTimeString();
    return h(
      "section",
      { className: "card flush", "aria-label": "Signed in" },
      h(
        "div",
        { className: "card-header" },
        h("h3", {}, "Signed in"),
        h("span", { className: "muted" }, isCopied ? `The ID token is copied. It expires at ${expires}.` : `The ID token expires at ${expires}.`),
      ),
      h(
        "div",
        { className: "token-line" },
        h("code", { className: "value truncate" }, tokens.IdToken),
        copyButton(tokens.IdToken, "Copy ID token"),
      ),
      h("div", { className: "actions inset" },
        button("Copy as header", () => copy(`Authorization: Bearer ${tokens.IdToken}`, "The Authorization header was copied."), { kind: "small" }),
        button("Copy access token", () => copy(tokens.AccessToken, "The access token was copied."), { kind: "small" }),
        button("Copy refresh token", () => copy(tokens.RefreshToken, "The refresh token was copied."), { kind: "small" }),
      ),
      jsonView(claims, "Claims of the ID token"),
    );
  }
}

/** Return the reason why a user cannot sign in and the next step, or null if the user can sign in. */
function findNextStep(user) {
  if (!user.enabled) return "The user cannot sign in. Select Enable first.";
  return NEXT_STEPS[user.status] ?? null;
}

function confirmReset(user) {
  return confirmAction(
    "Require a password reset?",
    `${user.email} cannot sign in until the user has set a new password with a code. This cannot be undone here.`,
    "Require password reset",
  );
}
