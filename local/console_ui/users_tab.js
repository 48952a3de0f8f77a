// Users: the list, the creation in each state, and the details of one user.

import { button, showErrors, tabHeader } from "./components.js";
import { openCreateDialog } from "./create_user_dialog.js";
import { h, update } from "./dom.js";
import { UserDetails } from "./user_details.js";
import { UserList } from "./user_list.js";

export const tab = {
  id: "users",
  title: "Users",
  topics: ["users", "data"],
  open(container, path) {
    const list = new UserList();
    const details = new UserDetails();
    const split = h(
      "div",
      { className: "split" },
      h("div", { className: "split-list" }, list.elements),
      h("div", { className: "split-details" }, details.element),
    );
    const select = ([sub = null]) => {
      list.selected = sub;
      split.classList.toggle("has-selection", sub !== null);
    };
    const refresh = async () => {
      await Promise.all([list.refresh(), details.show(list.selected)]);
    };
    select(path);
    update(
      container,
      tabHeader("Users", "The users of the user pool, with their profiles.", button("Create user", openCreateDialog, { kind: "primary", name: "plus" })),
      split,
    );
    return {
      refresh,
      navigate(nextPath) {
        select(nextPath);
        showErrors(async () => {
          await refresh();
          if (list.selected) details.focus();
          else list.focus();
        });
      },
    };
  },
};
