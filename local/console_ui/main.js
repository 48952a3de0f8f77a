// The console: tabs, the feed of changes, and the banner of an active fault.

import { tab as apiTab } from "./api_tab.js";
import { button, showErrors } from "./components.js";
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

function openTab() {
  const [id, ...path] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
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
      await showErrors(() => current.refresh());
      if (isRefreshNeeded) await new Promise((resolve) => setTimeout(resolve, REFRESH_PAUSE_MS));
    } while (isRefreshNeeded);
  } finally {
    isRefreshing = false;
  }
}

/** Run something that the next event repeats, so a failure needs no message of its own. */
async function inBackground(run) {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
  }
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

let seenMails = null;
async function countMails() {
  const { mails } = await get("mails");
  if (current?.tab === mailTab || seenMails === null) seenMails = mails.length;
  const unseen = Math.max(0, mails.length - seenMails);
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
addEventListener("hashchange", () => {
  openTab();
  inBackground(countMails);
});
openTab();
followChanges(onTopics, onConnection);
inBackground(showFault);
inBackground(countMails);
