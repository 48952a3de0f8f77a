// API: the OpenAPI document in Swagger UI. Its requests carry the token of the selected user.

import { emptyState, inBackground, showErrors, tabHeader, toast } from "./components.js";
import { h, update } from "./dom.js";
import { get, send } from "./server.js";

const MAX_USERS = 200;
// Export and deletion need a sign-in within five minutes. A token is therefore never older than four.
const RENEWAL_AGE_MS = 3.75 * 60 * 1000;
const RENEWAL_CHECK_MS = 10 * 1000;

/** The selected user, whose token is sent to the frame. */
class Session {
  constructor(frame) {
    this.frame = frame;
    this.sub = ""; // of the selected user, or "" for none
    this.idToken = null;
    this.issuedAt = 0;
  }

  /** Sign in as a user, or out if `sub` is "". Return the email, or null if signed out or if another call came after. */
  async select(sub) {
    this.sub = sub;
    this.setToken(null);
    try {
      return await this.signIn();
    } catch (error) {
      if (sub === this.sub) this.sub = "";
      throw error;
    }
  }

  /** Replace a token that will soon be too old for export and deletion. */
  async renew() {
    if (this.idToken && Date.now() - this.issuedAt >= RENEWAL_AGE_MS) await this.signIn();
  }

  async signIn() {
    const { sub } = this;
    if (!sub) return null;
    const { tokens, claims } = await send("POST", `users/${sub}/tokens`);
    if (sub !== this.sub) return null;
    this.setToken(tokens.IdToken);
    return claims.email;
  }

  setToken(idToken) {
    this.idToken = idToken;
    this.issuedAt = Date.now();
    this.sendToken();
  }

  sendToken() {
    this.frame.contentWindow?.postMessage({ idToken: this.idToken }, location.origin);
  }
}

export const tab = {
  id: "api",
  title: "API",
  topics: ["users"],
  staysOpen: true, // Swagger UI keeps the opened operation and its values
  open(container) {
    const frame = h("iframe", { className: "viewer", src: "/ui/api_viewer.html", title: "API reference" });
    const missing = h("div", { hidden: true });
    const select = h("select", { className: "input", id: "api-user", "data-key": "api-user", onchange: () => showErrors(signIn) });
    const session = new Session(frame);

    async function signIn() {
      try {
        const email = await session.select(select.value);
        if (email) toast(`Requests are sent as ${email}.`);
        else if (!session.sub) toast("Requests are sent without a token.");
      } finally {
        select.value = session.sub;
      }
    }

    addEventListener("message", ({ origin, source }) => {
      if (origin === location.origin && source === frame.contentWindow) session.sendToken(); // the frame is ready
    });
    setInterval(() => {
      if (!container.hidden) inBackground(() => session.renew());
    }, RENEWAL_CHECK_MS);
    update(
      container,
      tabHeader("API", "Select a user, then use Try it out. Requests go to the API of this run."),
      h("div", { className: "filters" }, h("label", { className: "field row", for: "api-user" }, h("span", {}, "Send requests as"), select)),
      missing,
      frame,
    );
    return {
      async refresh() {
        const [{ users }, { has_viewer: hasViewer }] = await Promise.all([get(`users?limit=${MAX_USERS}`), get("openapi")]);
        const able = users.filter((user) => user.enabled && user.status === "CONFIRMED");
        update(
          select,
          h("option", { value: "" }, "No user"),
          able.map((user) => h("option", { value: user.sub }, user.email)),
        );
        select.value = able.some((user) => user.sub === session.sub) ? session.sub : "";
        if (select.value !== session.sub) await signIn(); // the user was deleted or disabled
        frame.hidden = !hasViewer;
        missing.hidden = hasViewer;
        if (!hasViewer) {
          update(missing, emptyState("api", "Swagger UI is not installed", "Install it with pip install --no-deps -r requirements-console.txt, or run make run again."));
        }
        await session.renew();
      },
    };
  },
};
