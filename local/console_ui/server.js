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
  if (!response.ok) throw new ServerError(content.message ?? `The console answered ${response.status}.`);
  return content;
}

/** Call onTopics with the changed topics after each change, and onState with "live" or "lost". */
export function followChanges(onTopics, onState) {
  const events = new EventSource("/events");
  let wasLost = false;
  events.onopen = () => {
    onState("live");
    // A restarted console has another token, and changes may have been missed.
    if (wasLost) location.reload();
  };
  events.onerror = () => {
    wasLost = true;
    onState("lost");
  };
  events.onmessage = (event) => onTopics(JSON.parse(event.data));
}
