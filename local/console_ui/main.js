// The console: tabs, the feed of changes, and the banner of an active fault.

import { tab as apiTab } from "./api_tab.js";
import { button, emptyState, inBackground, showErrors, tabHeader } from "./components.js";
import { tab as dataTab } from "./data_tab.js";
import { focusHeading, h, icon, update } from "./dom.js";
import { describeFault, tab as faultsTab } from "./faults_tab.js";
import { tab as mailTab } from "./mail_tab.js";
import { tab as requestsTab } from "./requests_tab.js";
import { followChanges, get, send, ServerError } from "./server.js";
import { tab as startTab } from "./start_tab.js";
import { tab as usersTab } from "./users_tab.js";

// Each tab has an id, a title, topics of the feed, and open(container, path), which returns a function to refresh it.
// A tab with `staysOpen` is opened once. It is hidden while another tab is shown, and keeps its state.
const TABS = [startTab, mailTab, usersTab, requestsTab, apiTab, faultsTab, dataTab];
const REFRESH_PAUSE_MS = 200; // many users may change at the same time
const content = document.getElementById("content");
const counters = { mail: h("span", { className: "counter", hidden: true }) };
const hiddenTabs = new Map(); // elements of tabs with `staysOpen`, by id
let current = null;

function buildNavigation() {
  update(
    document.getElementById("tabs"),
    TABS.map(({ id, title }) =>
      h("li", {}, h("a", { href: `#/${id}`, "data-tab": id }, icon(id), h("span", {}, title), counters[id])),
    ),
  );
}

/** Return true if the address names an element of the page instead of a tab. */
function isElementAddress() {
  return location.hash !== "" && !location.hash.startsWith("#/");
}

/** Return the tab id and the path in the address. A malformed address has none. */
function parseAddress() {
  if (isElementAddress()) return [];
  try {
    return location.hash.slice(2).split("/").map(decodeURIComponent);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return [];
  }
}

function openTab() {
  const [id, ...path] = parseAddress();
  const tab = TABS.find((candidate) => candidate.id === id) ?? startTab;
  const isSameTab = current?.tab === tab;
  if (isSameTab && current.navigate) {
    current.navigate(path);
    return;
  }
  for (const link of document.querySelectorAll("#tabs a")) {
    if (link.dataset.tab === tab.id) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${tab.title} - HealthTech console`;
  const hadTab = current !== null;
  closeTab();
  current = hiddenTabs.get(tab.id) ?? createTab(tab, path);
  current.container.hidden = false;
  window.scrollTo(0, 0);
  if (hadTab) content.focus({ preventScroll: true });
  refresh();
}

function createTab(tab, path) {
  const container = h("div", { className: `tab tab-${tab.id}` });
  const opened = { tab, container, ...tab.open(container, path) };
  if (tab.staysOpen) hiddenTabs.set(tab.id, opened);
  content.append(container);
  return opened;
}

/** Hide a tab with `staysOpen`, because a frame that is removed loses its state. Remove any other tab. */
function closeTab() {
  current?.failure?.remove();
  if (current?.tab.staysOpen) current.container.hidden = true;
  else current?.container.remove();
}

/** Refresh the open tab. Requests that overlap are combined. */
let isRefreshing = false;
let isRefreshNeeded = false;
async function refresh() {
  if (isRefreshing) {
    isRefreshNeeded = true;
    return;
  }
  isRefreshing = true;
  try {
    do {
      isRefreshNeeded = false;
      await load(current);
      if (isRefreshNeeded) await new Promise((resolve) => setTimeout(resolve, REFRESH_PAUSE_MS));
    } while (isRefreshNeeded);
  } finally {
    isRefreshing = false;
  }
}

/** Refresh a tab. A tab that was never loaded has nothing to show, so its error replaces it. */
async function load(opened) {
  if (opened.isLoaded) {
    await showErrors(opened.refresh);
    return;
  }
  try {
    await opened.refresh();
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    showFailure(opened, error);
    return;
  }
  opened.isLoaded = true;
  hideFailure(opened);
}

function showFailure(opened, { message }) {
  if (opened !== current) return;
  opened.failure ??= h("div", { className: "tab" });
  update(
    opened.failure,
    tabHeader(opened.tab.title),
    h("div", { role: "alert" }, emptyState("faults", "This tab could not be loaded", message, button("Retry", refresh))),
  );
  opened.container.hidden = true;
  if (!opened.failure.isConnected) content.append(opened.failure); // a node that is moved loses the focus
}

function hideFailure(opened) {
  if (opened !== current) return;
  const { container, failure } = opened;
  const hadFocus = failure?.contains(document.activeElement);
  failure?.remove();
  container.hidden = false;
  if (hadFocus) focusHeading(content);
}

async function showFault() {
  const { fault } = await get("fault");
  const banner = document.getElementById("fault-banner");
  const hadFocus = banner.contains(document.activeElement);
  banner.hidden = fault === null;
  if (banner.hidden && hadFocus) focusHeading(content);
  if (fault) {
    update(
      banner,
      icon("faults"),
      h("p", {}, describeFault(fault)),
      button("Turn off", async () => send("DELETE", "fault"), { kind: "small", key: "turn-off-fault" }),
    );
  }
}

let seenMails = null; // the ids of the mails
async function countMails() {
  const ids = (await get("mails")).mails.map(({ id }) => id);
  if (current?.tab === mailTab || seenMails === null) seenMails = new Set(ids);
  const unseen = ids.filter((id) => !seenMails.has(id)).length;
  counters.mail.hidden = unseen === 0;
  counters.mail.textContent = unseen;
  counters.mail.setAttribute("aria-label", `${unseen} new`);
}

function onTopics(changed) {
  const topics = changed ?? TABS.flatMap((tab) => tab.topics);
  if (topics.includes("faults")) inBackground(showFault);
  if (topics.includes("mail")) inBackground(countMails);
  if (current && topics.some((topic) => current.tab.topics.includes(topic))) refresh();
}

function onConnection(state) {
  const element = document.getElementById("connection");
  element.dataset.state = state;
  element.textContent = state === "live" ? "Live" : "make run has ended";
}

buildNavigation();
document.getElementById("skip-link").addEventListener("click", (event) => {
  event.preventDefault(); // the fragment of the address names the tab
  content.focus();
});
addEventListener("hashchange", () => {
  if (isElementAddress()) return;
  openTab();
  inBackground(countMails);
});
openTab();
followChanges(onTopics, onConnection);
inBackground(showFault);
inBackground(countMails);
