// Data: random users, export and import of the state, and reset.

import { button, confirmAction, runWith, tabHeader, toast } from "./components.js";
import { h, update } from "./dom.js";
import { get, send } from "./server.js";

function card(title, text, ...content) {
  return h("section", { className: "card data-card" }, h("h2", {}, title), h("p", { className: "muted" }, text), ...content);
}

function buildProgress({ is_running: isRunning, created, total, error }) {
  if (error) return h("p", { className: "error-text", role: "alert" }, `Stopped after ${created} of ${total} users: ${error}`);
  if (!isRunning && total === 0) return null;
  const text = isRunning ? `${created} of ${total} users created` : total === 1 ? "1 user created" : `${total} users created`;
  return h("div", { className: "progress" }, h("progress", { max: String(total), value: String(created), "aria-label": "Users created" }), h("span", { role: "status" }, text));
}

async function importFile(file) {
  const isConfirmed = await confirmAction("Replace all data?", `All users, profiles and files are replaced by those in ${file.name}. All mails are deleted.`, "Replace all data");
  if (!isConfirmed) return;
  const { counts } = await send("PUT", "import", file);
  toast(`Imported ${counts.users} users, ${counts.items} items and ${counts.objects} objects.`);
}

async function resetAll() {
  const isConfirmed = await confirmAction(
    "Delete all data?",
    "All users, profiles, files and mails are deleted. The ids of the user pool and the app client remain.",
    "Delete all data",
  );
  if (!isConfirmed) return;
  await send("DELETE", "state");
  toast("All data was deleted.");
}

export const tab = {
  id: "data",
  title: "Data",
  topics: ["data", "users"],
  open(container) {
    const counts = h("dl", { className: "counts" });
    const progress = h("div", {});
    const seed = (count) => async () => send("POST", "seed", { count });
    const input = h("input", {
      type: "file",
      accept: "application/json,.json",
      className: "visually-hidden",
      id: "import-file",
      onchange: () => runWith(input, async () => {
        const [file] = input.files;
        if (file) await importFile(file);
        input.value = "";
      }),
    });
    update(
      container,
      tabHeader("Data", "The state of this stack. It is saved for the next make run."),
      counts,
      h(
        "div",
        { className: "cards" },
        card(
          "Random users",
          "Random names in several scripts. Most are confirmed. Their password is StrongPass123!",
          h("div", { className: "actions" }, button("Add 1 user", seed(1)), button("Add 100 users", seed(100))),
          progress,
        ),
        card(
          "Export and import",
          "One file with all users, their passwords, profiles and files. An import replaces all data, and deletes all mails.",
          h(
            "div",
            { className: "actions" },
            h("a", { className: "button", href: "/data/export", download: "healthtech-state.json" }, "Export to a file"),
            input,
            h("label", { className: "button", for: "import-file" }, "Import a file"),
          ),
        ),
        card("Reset", "Deletes all users, profiles, files and mails.", h("div", { className: "actions" }, button("Delete all data", resetAll, { kind: "danger" }))),
      ),
    );
    return {
      async refresh() {
        const state = await get("state");
        const names = { users: "Users", items: "Stored items", objects: "Stored objects" };
        update(counts, Object.entries(names).map(([key, name]) => h("div", { className: "card" }, h("dt", {}, name), h("dd", {}, state.counts[key].toLocaleString()))));
        update(progress, buildProgress(state.seeding));
      },
    };
  },
};
