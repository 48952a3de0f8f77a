// API: the OpenAPI document in Swagger UI. Its requests carry the token of the selected user.

import { emptyState, runWith, tabHeader, toast } from "./components.js";
import { h, update } from "./dom.js";
import { get, send } from "./server.js";

const MAX_USERS = 200;

export const tab = {
  id: "api",
  title: "API",
  topics: ["users"],
  staysOpen: true, // Swagger UI keeps the opened operation and its values
  open(container) {
    const frame = h("iframe", { className: "viewer", src: "/ui/api_viewer.html", title: "API reference" });
    const missing = h("div", { hidden: true });
    const select = h("select", { className: "input", id: "api-user", "data-key": "api-user", onchange: () => runWith(select, signIn) });
    let chosen = "";

    async function signIn() {
      chosen = select.value;
      const session = chosen ? await send("POST", `users/${chosen}/tokens`) : null;
      frame.contentWindow.postMessage({ idToken: session?.tokens.IdToken ?? null }, location.origin);
      toast(session ? `Requests are sent as ${session.claims.email}.` : "Requests are sent without a token.");
    }

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
        select.value = able.some((user) => user.sub === chosen) ? chosen : "";
        if (select.value !== chosen) await signIn(); // the user was deleted or disabled
        frame.hidden = !hasViewer;
        missing.hidden = hasViewer;
        if (!hasViewer) {
          update(missing, emptyState("api", "Swagger UI is not installed", "Install it with pip install --no-deps -r requirements-console.txt, or run make run again."));
        }
      },
    };
  },
};
