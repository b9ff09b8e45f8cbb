// What the stations of verifiers have in common: the line that says what happened, and the tally.
import { Refused, texts } from "./api.js";

export const el = (id) => document.getElementById(id);

/** A person who has touched nothing for so long is away: tasks go to others and the session may end. */
const AWAY = 5 * 60_000;
let touched = Date.now();
for (const kind of ["keydown", "pointerdown", "pointermove", "wheel"]) addEventListener(kind, () => { touched = Date.now(); }, { passive: true });

/** Is anybody there? An open page alone is no sign of life. */
export const present = () => Date.now() - touched < AWAY;

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

/** The server answers again: the line says so at once, unless something is still on its way and will say it. */
export function regained(flights) {
  if (flights.size === 0 && el("saving").textContent === texts.offline) status("");
}

/** What is left and what is done. */
export function tally(left, done) {
  el("left").textContent = String(left);
  el("done").textContent = String(done);
  el("share").max = Math.max(1, left + done);
  el("share").value = done;
}
