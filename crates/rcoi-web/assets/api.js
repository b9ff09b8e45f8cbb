// Calls of the JSON API: the CSRF header, readable refusals, ids that work without https.
const csrf = document.getElementById("station")?.dataset.csrf ?? "";
export const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");

/** The server said no: status and its message. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** A look that a page takes by itself: it does not keep the session alive. */
export const peek = (path) => call("GET", path, undefined, { "x-watching": "1" });

export async function call(method, path, body, more = {}) {
  const headers = { "x-csrf-token": csrf, ...more };
  if (body !== undefined) headers["content-type"] = "application/json";
  const answer = await fetch(`/api/v1/${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    // A failing server is like a lost line: the same call is tried again.
    if (answer.status >= 500) throw new Error(data.message ?? answer.statusText);
    throw new Refused(answer.status, data.message ?? answer.statusText);
  }
  return data;
}

/** A picture fetched ahead, as an object URL. */
export async function picture(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Refused(answer.status, answer.statusText);
  return URL.createObjectURL(await answer.blob());
}

/** UUID v4; crypto.randomUUID exists only over https. */
export function uuid() {
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  const h = [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`;
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Sends until the server has it or refuses it; the id in the body makes repeats harmless. */
export async function deliver(path, body, onTrouble) {
  for (;;) {
    try {
      return await call("POST", path, body);
    } catch (error) {
      if (error instanceof Refused) throw error;
      onTrouble();
      await sleep(2000);
    }
  }
}

/** Sends a verdict on a task. */
export const sendVerdict = (task, act, onTrouble) => deliver(`tasks/${task.id}/verdict`, { verdict_id: uuid(), ...act }, onTrouble);
