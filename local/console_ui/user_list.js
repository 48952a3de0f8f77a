// The list of users with its search.

import { button, emptyState, showErrors } from "./components.js";
import { h, icon, update } from "./dom.js";
import { get } from "./server.js";
import { avatar, statusBadges } from "./user_parts.js";

const SEARCH_DELAY_MS = 150;
const PAGE_SIZE = 50;

export class UserList {
  constructor() {
    this.selected = null; // the id of the user in the details
    this.limit = PAGE_SIZE;
    this.search = this.buildSearch();
    this.count = h("p", { className: "muted", role: "status" });
    this.list = h("div", { className: "user-list" });
    this.elements = [h("div", { className: "search" }, icon("search"), this.search), this.count, this.list];
  }

  buildSearch() {
    let timer;
    return h("input", {
      className: "input",
      type: "search",
      placeholder: "Search name, email, phone or id",
      "aria-label": "Search users",
      oninput: () => {
        clearTimeout(timer);
        timer = setTimeout(() => showErrors(() => this.refresh()), SEARCH_DELAY_MS);
      },
    });
  }

  /** Request the users that match the search, and show them. */
  async refresh() {
    const text = this.search.value.trim();
    const { users, total } = await get(`users?limit=${this.limit}&search=${encodeURIComponent(text)}`);
    this.count.textContent = total === 1 ? "1 user" : `${total} users`;
    update(
      this.list,
      users.length > 0 ? this.buildRows(users) : buildEmptyState(text),
      total > users.length && this.buildMoreButton(total - users.length),
    );
  }

  buildRows(users) {
    const rows = users.map((user) => buildRow(user, this.selected));
    return h("ul", { className: "card flush list", "aria-label": "Users" }, rows);
  }

  buildMoreButton(count) {
    const showMore = async () => {
      this.limit += PAGE_SIZE;
      await this.refresh();
    };
    return button(`Show more (${count})`, showMore, { key: "more", kind: "wide" });
  }

  /** Move the focus to the first user. */
  focus() {
    this.list.querySelector("a")?.focus();
  }
}

function buildEmptyState(text) {
  return text
    ? emptyState("search", "No user found", "No name, email, phone number or id contains this text.")
    : emptyState("users", "No users yet", "Create one here, or sign up in your front end.");
}

function buildRow(user, selected) {
  return h(
    "li",
    {},
    h(
      "a",
      { className: "user-row", href: `#/users/${user.sub}`, "data-key": user.sub, "aria-current": user.sub === selected ? "true" : null },
      avatar(user),
      h(
        "span",
        { className: "user-text" },
        h("span", { className: "user-name truncate", dir: "auto" }, user.name || user.email),
        h("span", { className: "muted truncate" }, user.email),
      ),
      statusBadges(user),
    ),
  );
}
