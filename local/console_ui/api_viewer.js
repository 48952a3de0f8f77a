// The frame with Swagger UI. It receives the token of the selected user from the API tab.

const SCHEME = "idToken"; // of the OpenAPI document
// Controls without a name in Swagger UI, by selector.
const NAMES = { "#servers": "Server", ".examples-select-element": "Example", ".body-param__text": "Request body" };

const dark = matchMedia("(prefers-color-scheme: dark)");
const applyColors = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", applyColors);
applyColors();

function improveAccessibility() {
  for (const [selector, name] of Object.entries(NAMES)) {
    for (const control of document.querySelectorAll(`${selector}:not([aria-label])`)) control.setAttribute("aria-label", name);
  }
  // Examples and commands that are wider than the page scroll with the arrow keys.
  for (const code of document.querySelectorAll("pre.microlight:not([tabindex])")) code.tabIndex = 0;
}

new MutationObserver(improveAccessibility).observe(document.getElementById("viewer"), { childList: true, subtree: true });

const { document: openapi } = await (await fetch("/data/openapi")).json();
const viewer = window.SwaggerUIBundle({
  dom_id: "#viewer",
  spec: openapi,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  supportedSubmitMethods: ["get", "head", "put", "post", "patch", "delete"],
  validatorUrl: null,
  onComplete: () => parent.postMessage("ready", location.origin),
});

addEventListener("message", (event) => {
  if (event.origin !== location.origin) return;
  if (event.data.idToken) viewer.preauthorizeApiKey(SCHEME, event.data.idToken);
  else viewer.authActions.logout([SCHEME]);
});
