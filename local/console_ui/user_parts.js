// The parts that show a user in a list and in the details.

import { badge } from "./components.js";
import { h } from "./dom.js";

const STATUS = {
  CONFIRMED: ["Confirmed", "good"],
  UNCONFIRMED: ["Unconfirmed", "warning"],
  FORCE_CHANGE_PASSWORD: ["Invited", "info"],
  RESET_REQUIRED: ["Reset required", "warning"],
};
const COLORS = 6;

/** Return the initials of a user, in a color that depends on the id. */
export function avatar(user, pictureUrl = null) {
  if (pictureUrl) return h("img", { className: "avatar", src: pictureUrl, alt: "" });
  const words = (user.name || user.email || "?").trim().split(/\s+/);
  const letters = [...new Set([words[0], words.at(-1)])].map((word) => [...word][0] ?? "").join("");
  const color = [...user.sub].reduce((sum, char) => sum + char.codePointAt(0), 0) % COLORS;
  return h("span", { className: `avatar color-${color}`, "aria-hidden": "true" }, letters.toUpperCase());
}

/** Return the labels of a user's state. */
export function statusBadges(user) {
  const [label, kind] = STATUS[user.status] ?? [user.status, "neutral"];
  return h(
    "span",
    { className: "badges" },
    user.is_being_erased && badge("Being erased", "bad"),
    !user.enabled && badge("Disabled", "bad"),
    (user.enabled || user.status !== "CONFIRMED") && badge(label, kind),
  );
}
