// The details of one user: actions, tokens, and a panel for each feature.

import { button, confirmAction, copy, copyButton, emptyState, jsonView, toast } from "./components.js";
import { h, update } from "./dom.js";
import { buildPanel } from "./panels.js";
import { get, send, ServerError } from "./server.js";
import { avatar, statusBadges } from "./user_parts.js";

const MESSAGES = {
  confirm: "The user is confirmed.",
  "resend-code": "A new mail was sent. It is in the Mail tab.",
  "reset-password": "The user must reset the password.",
  disable: "The user is disabled.",
  enable: "The user is enabled.",
};

export class UserDetails {
  constructor() {
    this.element = h("div", { className: "details" });
    this.sub = null;
    this.session = null; // the tokens of "sign in as"
    this.previous = {}; // the bodies of the panels, to mark changed values
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
    update(
      this.element,
      this.buildBackLink(),
      this.buildHeader(user, panels),
      this.buildActions(user),
      this.session && this.buildSession(),
      h("div", { className: "panels" }, panels.map((panel) => buildPanel(panel, this.sub, this.previous[panel.id]))),
      h(
        "details",
        { className: "card" },
        h("summary", {}, "Attributes in Cognito"),
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

  buildActions(user) {
    const change = (label, action) =>
      button(label, async () => {
        await send("POST", `users/${user.sub}/state`, { action });
        toast(MESSAGES[action]);
      });
    const isConfirmed = user.status === "CONFIRMED";
    return h(
      "div",
      { className: "actions" },
      button("Sign in as", () => this.signIn(user), { kind: "primary", disabled: !isConfirmed || !user.enabled }),
      user.status === "UNCONFIRMED" && change("Confirm", "confirm"),
      (user.status === "UNCONFIRMED" || user.status === "FORCE_CHANGE_PASSWORD") && change("Resend code", "resend-code"),
      isConfirmed && user.enabled && change("Require password reset", "reset-password"),
      user.enabled ? change("Disable", "disable") : change("Enable", "enable"),
      button("Delete", () => this.deleteUser(user), { kind: "danger" }),
    );
  }

  async signIn(user) {
    this.session = await send("POST", `users/${user.sub}/tokens`);
    await copy(this.session.tokens.IdToken);
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
  }

  buildSession() {
    const { tokens, claims } = this.session;
    const expires = new Date(claims.exp * 1000).toLocaleTimeString();
    return h(
      "section",
      { className: "card flush", "aria-label": "Signed in" },
      h(
        "div",
        { className: "card-header" },
        h("h3", {}, "Signed in"),
        h("span", { className: "muted" }, `The ID token is copied. It expires at ${expires}.`),
      ),
      h(
        "div",
        { className: "token-line" },
        h("code", { className: "value truncate" }, tokens.IdToken),
        copyButton(tokens.IdToken, "Copy ID token"),
      ),
      h("div", { className: "actions inset" },
        button("Copy as header", () => copy(`Authorization: Bearer ${tokens.IdToken}`), { kind: "small" }),
        button("Copy access token", () => copy(tokens.AccessToken), { kind: "small" }),
        button("Copy refresh token", () => copy(tokens.RefreshToken), { kind: "small" }),
      ),
      jsonView(claims, "Claims of the ID token"),
    );
  }
}
