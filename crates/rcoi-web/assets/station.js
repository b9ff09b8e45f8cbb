// What the stations of verifiers have in common: the line that says what happened, and the tally.
import { Refused, texts } from "./api.js";

export const el = (id) => document.getElementById(id);

/** Says what became of the last act. */
export function status(text, bad = false) {
  el("saving").textContent = text;
  el("saving").classList.toggle("bad", bad);
}

/** A call failed: to the login when the session is over, else a line that says why. */
export function lost(error) {
  if (error instanceof Refused && error.status === 401) location.href = "/login";
  else status(error instanceof Refused ? `${texts.refused} ${error.message}` : texts.offline, true);
}

/** What is left and what is done. */
export function tally(left, done) {
  el("left").textContent = String(left);
  el("done").textContent = String(done);
  el("share").max = Math.max(1, left + done);
  el("share").value = done;
}
