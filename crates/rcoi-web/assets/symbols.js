// The symbols station: a board of characters that were all read as the same one. The eye finds the odd one out, one key
// confirms the rest, and the next board stands there at once.
import { Refused, call, deliver, sleep, texts, uuid } from "./api.js";
import { KEYS, LETTER, notPermitted, showPermitted } from "./field.js";
import { el, lost, present, regained, status, tally } from "./station.js";

/** Characters of one board. */
const SIZE = 60;
/** A board is not confirmed sooner than this after it appeared, ms, and so much more for each character: nobody sees faster. */
const DWELL = 300;
const DWELL_EACH = 12;
/** What is in hand is claimed anew this often, so that the lease does not lapse over a long look. */
const RENEW = 60_000;

const queue = [];
/** Characters in hand, on their way or done, by name. */
const known = new Set();
const flights = new Set();
/** What was said on boards that came back, by name. */
const saidBefore = new Map();
let board = [];
let at = 0;
let open = 0;
let flying = 0;
let done = 0;
let claiming = false;
let undoing = false;
let early = true;
let kindBefore = null;

const name = (s) => `${s.task}/${s.cell}`;

const count = () => tally(Math.max(0, open - flying), done);

async function refill(like = kindBefore) {
  if (claiming) return;
  claiming = true;
  try {
    const got = await call("POST", "symbols/claim", { n: Math.min(240, 2 * SIZE + flying), like });
    open = got.progress.symbols;
    for (const s of got.symbols) {
      if (known.has(name(s))) continue;
      known.add(name(s));
      queue.push(s);
    }
    regained(flights);
    count();
    if (board.length === 0) next();
  } catch (error) {
    lost(error);
  } finally {
    claiming = false;
  }
}

/** Takes the next board off the queue: neighbours of one kind. */
function next() {
  const kind = queue[0]?.symbol;
  board = [];
  // Of one kind, wherever a late claim has put them.
  for (let i = 0; i < queue.length && board.length < SIZE; ) {
    if (queue[i].symbol === kind) board.push(...queue.splice(i, 1));
    else i += 1;
  }
  board.sort((a, b) => (a.rival ?? "").localeCompare(b.rival ?? ""));
  at = 0;
  if (kind) kindBefore = kind;
  for (const s of board) s.said = saidBefore.get(name(s)) ?? s.symbol;
  draw();
  if (queue.length < SIZE) refill();
}

async function draw() {
  delete el("station").dataset.ready;
  early = true;
  const shown = board;
  const some = shown.length > 0;
  el("empty").hidden = some;
  el("board").hidden = !some;
  el("title").hidden = !some;
  el("note").textContent = "";
  for (const id of ["do-enter", "do-flag"]) el(id).disabled = !some;
  if (!some) {
    el("board").replaceChildren();
    showPermitted(el("permitted"), "");
    return;
  }
  el("kind").textContent = shown[0].symbol;
  el("kind").classList.toggle("letter", LETTER.test(shown[0].symbol));
  const parts = [];
  let rival;
  shown.forEach((s, i) => {
    if (i === 0 || s.rival !== rival) {
      rival = s.rival;
      const head = document.createElement("h3");
      head.textContent = rival ? `${texts.sym_alike} ` : texts.sym_other;
      if (rival) {
        const b = document.createElement("b");
        b.textContent = rival;
        b.classList.toggle("letter", LETTER.test(rival));
        head.append(b);
      }
      parts.push(head);
    }
    parts.push(tile(s, i));
  });
  el("board").replaceChildren(...parts);
  mark();
  await Promise.all([...el("board").querySelectorAll("img")].map((img) => img.decode().catch(() => undefined)));
  if (board !== shown) return;
  el("station").dataset.shown = `${shown.length}`;
  await sleep(DWELL + DWELL_EACH * shown.length);
  if (board !== shown) return;
  early = false;
  el("note").textContent = "";
  el("station").dataset.ready = name(shown[0]);
}

function tile(s, i) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tile";
  button.tabIndex = -1;
  button.dataset.at = String(i);
  const img = document.createElement("img");
  img.alt = "";
  img.src = `data:image/png;base64,${s.picture}`;
  const said = document.createElement("span");
  button.append(img, said);
  button.addEventListener("click", () => {
    at = i;
    flag();
  });
  s.tile = button;
  paint(s);
  return button;
}

function paint(s) {
  const changed = s.said !== s.symbol;
  s.tile.classList.toggle("flagged", changed);
  const said = s.tile.lastChild;
  said.textContent = s.said ?? texts.sym_flagged;
  said.classList.toggle("letter", changed && s.said !== null && LETTER.test(s.said));
  s.tile.setAttribute("aria-label", `${s.said ?? texts.sym_flagged}`);
}

/** Shows where the keyboard is. */
function mark() {
  for (const s of board) {
    const here = s === board[at];
    s.tile.tabIndex = here ? 0 : -1;
    s.tile.classList.toggle("here", here);
  }
  board[at]?.tile.focus({ preventScroll: true });
  board[at]?.tile.scrollIntoView({ block: "nearest" });
  el("flagged").textContent = String(board.filter((s) => s.said !== s.symbol).length);
  showPermitted(el("permitted"), board[at]?.permitted ?? "");
}

function say(said) {
  const s = board[at];
  if (!s) return;
  s.said = said;
  el("note").textContent = "";
  paint(s);
  mark();
}

const flag = () => board[at] && say(board[at].said === board[at].symbol ? null : board[at].symbol);
const clear = () => board[at] && say(board[at].symbol);

/** A typed character, as the field takes it: capitals, and the letter meant when the layout is Latin. */
function typed(event) {
  const permitted = board[at].permitted;
  const others = [event.key, event.key.toUpperCase(), event.key.toLowerCase()];
  if (/[a-z[\];',.`]/i.test(event.key) && KEYS[event.code]) others.push(KEYS[event.code], KEYS[event.code].toLowerCase());
  const fit = permitted === "" ? event.key : others.find((c) => permitted.includes(c));
  if (fit) say(fit);
  else el("note").textContent = notPermitted(event.key, permitted);
}

/** To the tile above or below: the nearest of the next row. */
function climb(step) {
  const here = board[at].tile.getBoundingClientRect();
  let best = -1;
  let away = Infinity;
  board.forEach((s, i) => {
    const there = s.tile.getBoundingClientRect();
    const rows = (there.top - here.top) * step;
    if (rows <= 4) return;
    const distance = rows * 10 + Math.abs(there.left - here.left);
    if (distance < away) [away, best] = [distance, i];
  });
  if (best >= 0) at = best;
}

function move(key) {
  if (key === "ArrowLeft") at = Math.max(0, at - 1);
  else if (key === "ArrowRight") at = Math.min(board.length - 1, at + 1);
  else if (key === "Home") at = 0;
  else if (key === "End") at = board.length - 1;
  else climb(key === "ArrowDown" ? 1 : -1);
  mark();
}

function confirm() {
  if (board.length === 0) return;
  if (early) {
    el("note").textContent = texts.sym_early;
    return;
  }
  const sent = board;
  const items = sent.map((s) => ({ task: s.task, cell: s.cell, said: s.said }));
  for (const s of sent) saidBefore.set(name(s), s.said);
  flying += sent.length;
  done += sent.length;
  status(texts.saving);
  const flight = deliver("boards", { board_id: uuid(), items }, () => status(texts.offline, true))
    .then((stored) => {
      open = stored.progress.symbols;
      status(stored.gone > 0 ? texts.sym_gone.replace("{n}", stored.gone) : texts.saved);
    })
    .catch((error) => {
      done -= sent.length;
      if (error instanceof Refused && error.status !== 401 && error.status !== 409) {
        // Refused: back in front of the person, with the reason and what was said.
        queue.unshift(...board);
        board = sent;
        at = 0;
        draw();
        el("note").textContent = `${texts.refused} ${error.message}`;
      } else if (error instanceof Refused && error.status === 409) {
        status(texts.lost, true);
      } else {
        lost(error);
      }
    })
    .finally(() => {
      flying -= sent.length;
      flights.delete(flight);
      count();
    });
  flights.add(flight);
  next();
  count();
}

/** Escape: first the flag under the keyboard goes, then the last board comes back. */
async function back() {
  if (board[at] && board[at].said !== board[at].symbol) {
    clear();
    return;
  }
  if (undoing) return;
  undoing = true;
  try {
    await Promise.all(flights);
    const got = await call("POST", "boards/undo");
    open = got.progress.symbols;
    if (got.back === 0) {
      status(got.kept > 0 ? texts.sym_kept : texts.sym_nothing);
      return;
    }
    done = Math.max(0, done - got.back);
    // Everything in hand comes anew, in the order of the server.
    for (const s of board) saidBefore.set(name(s), s.said);
    queue.length = 0;
    known.clear();
    board = [];
    status(texts.sym_back.replace("{n}", got.back));
    await refill();
  } catch (error) {
    lost(error);
  } finally {
    undoing = false;
    count();
  }
}

const help = () => el("help").showModal();
const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];

document.addEventListener("keydown", (event) => {
  if (el("help").open || event.ctrlKey || event.altKey || event.metaKey) return;
  const outside = event.target instanceof HTMLElement && event.target.closest("header, .foot, #empty");
  if (outside && (event.key === "Enter" || event.key === " ")) return;
  const keys = { Enter: confirm, Escape: back, F1: help, "?": help, " ": flag, Delete: clear, Backspace: clear };
  let act = keys[event.key];
  if (board.length > 0 && ARROWS.includes(event.key)) {
    event.preventDefault();
    move(event.key);
    return;
  }
  if (!act && board.length > 0 && [...event.key].length === 1) act = () => typed(event);
  if (!act) return;
  event.preventDefault();
  // A key held down must not confirm board after board.
  if (!event.repeat) act();
});

const press = (act) => () => {
  act();
  if (!el("help").open) board[at]?.tile.focus();
};
el("do-enter").addEventListener("click", press(confirm));
el("do-flag").addEventListener("click", press(flag));
el("do-undo").addEventListener("click", press(back));
el("do-help").addEventListener("click", help);
el("help").addEventListener("close", () => board[at]?.tile.focus());
addEventListener("beforeunload", (event) => { if (flights.size > 0) event.preventDefault(); });

document.addEventListener("progress", (event) => {
  open = event.detail.symbols;
  count();
});
await refill();
if (board.length === 0) draw();
for (let waited = 0; ; waited += 4000) {
  await sleep(4000);
  if (present() && (board.length === 0 || waited >= RENEW)) {
    waited = 0;
    // Not while a board is on its way or a claim is being answered: both would bring back what is settled.
    if (board.length === 0 && flights.size === 0 && !claiming) known.clear();
    await refill();
  }
}
