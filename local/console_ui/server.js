// Requests to the console's server, and the feed of its changes.

const TOKEN = document.querySelector("meta[name=console-token]")?.content ?? "";

export class ServerError extends Error {}

/** Return the JSON of /data/<path>. Throws ServerError with a message for the user. */
export async function get(path) {
  return parse(await request(path, {}));
}

/** Send a request that changes something, and return its JSON. Throws ServerError. */
export async function send(method, path, content) {
  const body = content instanceof Blob ? content : JSON.stringify(content ?? {});
  return parse(await request(path, { method, body, headers: { "X-Console-Token": TOKEN } }));
}

async function request(path, options) {
  try {
    return await fetch(`/data/${path}`, options);
  } catch {
    throw new ServerError("The console does not respond. Is make run still running?");
  }
}

async function parse(response) {
  const content = await response.json();
  if (!response.ok) throw new ServerError(content.message ?? `The console responded with ${response.status}.`);
  return content;
}

/**
 * Call onTopics with the changed topics after each change, with null if changes may have been missed, and onState with
 * "live" or "lost". A hidden page does not follow, because a browser has only six connections to a server.
 */
export function followChanges(onTopics, onState) {
  let events = null;
  let isFirst = true;
  const open = () => {
    events = new EventSource("/events");
    events.addEventListener("run", (event) => {
      if (event.data !== TOKEN) location.reload(); // make run has started again
      else if (!isFirst) onTopics(null);
      isFirst = false;
      onState("live");
    });
    events.onerror = () => onState("lost");
    events.onmessage = (event) => onTopics(JSON.parse(event.data));
  };
  document.addEventListener("visibilitychange", () => {
    events?.close();
    events = null;
    if (!document.hidden) open();
  });
  if (!document.hidden) open();
}
