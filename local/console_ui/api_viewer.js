// The frame with Swagger UI. It receives the token of the selected user from the API tab.

const SCHEME = "idToken"; // of the OpenAPI document

const dark = matchMedia("(prefers-color-scheme: dark)");
const applyColors = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", applyColors);
applyColors();

const { document: openapi } = await (await fetch("/data/openapi")).json();
const viewer = window.SwaggerUIBundle({
  dom_id: "#viewer",
  spec: openapi,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  supportedSubmitMethods: ["get", "head", "put", "post", "patch", "delete"],
  validatorUrl: null,
});

addEventListener("message", (event) => {
  if (event.origin !== location.origin) return;
  if (event.data.idToken) viewer.preauthorizeApiKey(SCHEME, event.data.idToken);
  else viewer.authActions.logout([SCHEME]);
});
