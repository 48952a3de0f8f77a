// Mail: the messages that Cognito has sent, newest first, with the code of each mail.

import { badge, button, confirmAction, copyButton, emptyState, tabHeader, timeOf } from "./components.js";
import { h, update } from "./dom.js";
import { get, send } from "./server.js";

const PURPOSES = {
  "sign-up": ["Sign-up", "good"],
  "resent-code": ["New code", "info"],
  "password-reset": ["Password reset", "warning"],
  "changed-address": ["Changed address", "info"],
  invitation: ["Invitation", "neutral"],
  other: ["Mail", "neutral"],
};

function buildMail(mail) {
  const [label, kind] = PURPOSES[mail.purpose] ?? PURPOSES.other;
  const address = mail.to.join(", ");
  const codeName = mail.purpose === "invitation" ? "temporary password" : "code";
  return h(
    "li",
    { className: "mail", "data-id": mail.id },
    h(
      "div",
      { className: "mail-text" },
      h("p", { className: "mail-line" }, badge(label, kind), h("strong", { className: "truncate", title: address }, address), timeOf(mail.sent_at)),
      h("p", { className: "muted mail-body", dir: "auto" }, !mail.text.startsWith(mail.subject) && h("span", { className: "mail-subject" }, mail.subject), " ", mail.text),
      mail.sub && h("p", {}, h("a", { href: `#/users/${mail.sub}`, "aria-label": `Show user ${address}`, "data-key": `user of ${mail.id}` }, "Show user")),
    ),
    mail.code &&
      copyButton(mail.code, `Copy ${codeName} ${mail.code} of ${address}`, {
        className: "mail-code",
        content: h("code", {}, mail.code),
        key: mail.id,
        message: `The ${codeName} was copied.`,
      }),
  );
}

async function deleteMails() {
  const isConfirmed = await confirmAction("Delete all mails?", "The codes in the mails cannot be read after this. Users remain.", "Delete all mails");
  if (isConfirmed) await send("DELETE", "mails");
}

export const tab = {
  id: "mail",
  title: "Mail",
  topics: ["mail"],
  open(container) {
    return {
      async refresh() {
        const { mails } = await get("mails");
        update(
          container,
          tabHeader(
            "Mail",
            "The messages that Cognito has sent. No mail leaves this machine.",
            mails.length > 0 && button("Delete all", deleteMails),
          ),
          mails.length > 0
            ? h("ul", { className: "card flush list", "aria-label": "Mails" }, mails.map(buildMail))
            : emptyState("mail", "No mail yet", "Sign up in your front end, or sign up a random user on the Start tab. Mails are stored until make run ends."),
        );
      },
    };
  },
};
