// The symbols station: a board of characters that were all read as the same one. The eye finds the odd one out, one key
// confirms the rest, and the next board stands there at once.
import { call, deliver, sleep, texts, uuid } from "./api.js";
import { KEYS, LETTER, notPermitted, showPermitted } from "./field.js";
import { Flow, help, onButtons, onKeys, repeating } from "./flow.js";
import { el, status } from "./station.js";

/** Characters of one board. */
const SIZE = 60;
/** Most characters that one claim may ask for. */
const MOST = 240;
/** A board is not confirmed sooner than this after it appeared, ms, and so much more for each character: nobody sees faster. */
const DWELL = 300;
const DWELL_EACH = 12;

const queue = [];
/** Characters in hand, on their way or done, by name. */
const known = new Set();
/** What was said on boards that came back, by name. */
const saidBefore = new Map();
let board = [];
let at = 0;
let early = true;
let kindBefore = null;

const name = (s) => `${s.task}/${s.cell}`;

class Boards extends Flow {
  idle() {
    return board.length === 0;
  }

  draw() {
    draw();
  }

  async claim() {
    const got = await call("POST", "symbols/claim", { n: Math.min(MOST, 2 * SIZE + this.away), like: kindBefore });
    this.open = this.left(got.progress);
    for (const s of got.symbols) {
      if (known.has(name(s))) continue;
      known.add(name(s));
      queue.push(s);
    }
  }

  /** Takes the next board off the queue: neighbours of one kind. */
  next() {
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
    if (queue.length < SIZE) this.refill();
  }

  async renew() {
    // Not while a board is on its way or a claim is being answered: both would bring back what is settled.
    if (board.length === 0 && this.flights.size === 0 && !this.claiming) known.clear();
    await this.refill();
  }
}

const flow = new Boards((progress) => progress.symbols);

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
  const sending = deliver("boards", { board_id: uuid(), items }, () => status(texts.offline, true));
  flow.follow(sending, sent.length, {
    stored: (answer) => (answer.gone > 0 ? texts.sym_gone.replace("{n}", answer.gone) : texts.saved),
    refused: (why) => {
      queue.unshift(...board);
      board = sent;
      at = 0;
      draw();
      el("note").textContent = why;
    },
  });
  flow.next();
}

/** Escape: first the flag under the keyboard goes, then the last board comes back. */
function back() {
  if (board[at] && board[at].said !== board[at].symbol) return clear();
  return flow.undo("boards/undo", async (got) => {
    if (got.back === 0) {
      status(got.kept > 0 ? texts.sym_kept : texts.sym_nothing);
      return;
    }
    flow.done = Math.max(0, flow.done - got.back);
    // Everything in hand comes anew, in the order of the server.
    for (const s of board) saidBefore.set(name(s), s.said);
    queue.length = 0;
    known.clear();
    board = [];
    status(texts.sym_back.replace("{n}", got.back));
    await flow.refill();
  });
}

const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];
const keys = { Enter: confirm, Escape: back, F1: help, "?": help, " ": flag, Delete: clear, Backspace: clear };

onKeys((event) => {
  const outside = event.target instanceof HTMLElement && event.target.closest("header, .foot, #empty");
  if (outside && (event.key === "Enter" || event.key === " ")) return null;
  if (keys[event.key]) return keys[event.key];
  if (board.length === 0) return null;
  if (ARROWS.includes(event.key)) return repeating(() => move(event.key));
  return [...event.key].length === 1 ? () => typed(event) : null;
});
onButtons({ "do-enter": confirm, "do-flag": flag, "do-undo": back }, () => board[at]?.tile.focus());
await flow.run();
