// The panels of a user, one per feature. A panel without a renderer here is shown as JSON.

import { badge, jsonView, timeOf } from "./components.js";
import { h } from "./dom.js";

const RENDERERS = { "stored-item": renderStoredItem, picture: renderPicture, files: renderFiles };
// Fields that differ in each response. A new value of them is not marked as a change.
const UNMARKED = ["request_id"];
const UNMARKED_PICTURE = ["url", "expires_at"]; // of the presigned URL
const REJECTIONS = {
  malware: "The malware scan found a threat.",
  "content-mismatch": "The content does not match the announced type, size or checksum.",
  unsupported: "The content cannot be scanned, for example because it is encrypted.",
};
const HALF_WIDTH = ["profile", "stored-item"];

/** Return a panel. Values that differ from `before` are marked. */
export function buildPanel(panel, sub, before) {
  const render = panel.status && panel.status >= 400 ? renderJson : (RENDERERS[panel.id] ?? renderJson);
  const isWide = !HALF_WIDTH.includes(panel.id);
  return h(
    "section",
    { className: `card flush panel ${isWide ? "full" : ""}`, "aria-label": panel.title, "data-panel": panel.id },
    h(
      "div",
      { className: "card-header" },
      h("h3", {}, panel.title),
      panel.status && badge(panel.status, panel.status < 400 ? "good" : "bad"),
      h("code", { className: "source truncate" }, panel.source, panel.etag && `, ETag ${panel.etag}`),
    ),
    render(panel, before, sub),
  );
}

function renderJson(panel, before) {
  return jsonView(panel.body, panel.title, before, UNMARKED);
}

function renderStoredItem(panel, before) {
  if (panel.body === null) {
    return h("p", { className: "panel-empty muted" }, "There is no item. The profile is created when the user confirms the sign-up.");
  }
  return jsonView(panel.body, panel.title, before);
}

function renderPicture(panel, before, sub) {
  const url = `/data/users/${sub}/picture?at=${encodeURIComponent(panel.etag ?? "")}`;
  return h("div", { className: "picture-panel" }, h("img", { src: url, alt: "Profile picture" }), jsonView(panel.body, panel.title, before, UNMARKED_PICTURE));
}

function renderFiles(panel, before, sub) {
  const { items = [], quota } = panel.body;
  return h(
    "div",
    {},
    items.length > 0
      ? h("ul", { className: "list file-list", "aria-label": "Files", tabindex: "0", "data-key": `files of ${sub}` }, items.map((file) => buildFile(file, sub)))
      : h("p", { className: "panel-empty muted" }, "The user has no files."),
    quota && h("p", { className: "card-footer muted" }, `${formatBytes(quota.bytes)} of ${formatBytes(quota.bytes_max)}, ${quota.files} of ${quota.files_max} files`),
  );
}

function buildFile(file, sub) {
  const content = `/data/users/${sub}/files/${file.id}/content`;
  return h(
    "li",
    { className: "file" },
    h("p", { className: "file-name", dir: "auto" }, file.name),
    h(
      "p",
      { className: "file-facts muted" },
      badge(file.status, { available: "good", rejected: "bad" }[file.status] ?? "info"),
      h("span", {}, file.category),
      h("span", { className: "number" }, formatBytes(file.size)),
      timeOf(file.created_at),
      file.status === "available" && h("a", { href: content, download: file.name, "aria-label": `Download ${file.name}` }, "Download"),
    ),
    file.rejection && h("p", { className: "error-text" }, REJECTIONS[file.rejection] ?? file.rejection),
  );
}

function formatBytes(bytes) {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  const power = bytes > 0 ? Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10)) : 0;
  return `${(bytes / 1024 ** power).toLocaleString([], { maximumFractionDigits: 1 })} ${units[power]}`;
}
