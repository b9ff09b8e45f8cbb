// The persons station: the registration form beside the register, differences marked. Two keys and a ground settle a person.
import { Refused, call, picture, sendVerdict, sleep, texts } from "./api.js";
import { ReasonBox } from "./reason.js";
import { el, lost, present, regained, status, tally } from "./station.js";

const AHEAD = 4;
/** Nothing is decided sooner after it appeared, ms: nobody compares that fast, but fingers bounce. */
const DWELL = 350;
/** Tasks in hand are claimed anew this often, so that their lease does not lapse while somebody looks for a paper. */
const RENEW = 60_000;
/** Taller pictures of a field only take room, pixels. */
const TALLEST = 72;
const LARGER = 2;
/** Values with less in common than this are different as a whole: single letters that happen to be there say nothing. */
const COMMON = 0.6;
/** One press of an arrow, pixels. */
const STEP = 80;

const senior = el("station").dataset.senior === "true";
const queue = [];
/** Tasks in hand or on their way. */
const known = new Set();
/** Tasks settled since the last claim was sent: its answer may still offer them. */
const settled = new Set();
const flights = new Set();
let current = null;
let open = 0;
let done = 0;
let claiming = false;
let undoing = false;
let large = false;

const count = () => tally(Math.max(0, open - flights.size), done);
/** The senior also has what he was asked. */
const left = (progress) => progress.persons + (senior ? progress.persons_asked : 0);

function prepare(task) {
  known.add(task.id);
  // One after another: the first one has the server decode the page, the others are cut out of it.
  let before = Promise.resolve();
  for (const line of task.lines) before = line.image = before.then(() => picture(line.picture)).catch(() => null);
  return task;
}

/** The pictures are not needed any more. */
function forget(task) {
  for (const line of task.lines) line.image.then((url) => url && URL.revokeObjectURL(url));
}

async function refill() {
  if (claiming) return;
  claiming = true;
  settled.clear();
  try {
    const got = await call("POST", "persons/claim", { n: Math.min(32, AHEAD + flights.size) });
    open = left(got.progress);
    for (const task of got.tasks) if (!known.has(task.id) && !settled.has(task.id)) queue.push(prepare(task));
    regained(flights);
    count();
    if (!current) next();
  } catch (error) {
    lost(error);
  } finally {
    claiming = false;
  }
}

function next() {
  current = queue.shift() ?? null;
  draw();
  if (queue.length < AHEAD / 2) refill();
}

/** Which characters of two values have no partner in the other one: the rest is their longest common part. */
export function unlike(a, b) {
  const same = (i, j) => a[i].toLocaleUpperCase() === b[j].toLocaleUpperCase();
  const most = Array.from({ length: a.length + 1 }, () => new Array(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      most[i][j] = same(i, j) ? most[i + 1][j + 1] + 1 : Math.max(most[i + 1][j], most[i][j + 1]);
    }
  }
  const odd = [new Array(a.length).fill(true), new Array(b.length).fill(true)];
  if (most[0][0] < COMMON * Math.max(a.length, b.length)) return odd;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (same(i, j)) [odd[0][i++], odd[1][j++]] = [false, false];
    else if (most[i + 1][j] >= most[i][j + 1]) i += 1;
    else j += 1;
  }
  return odd;
}

/** A value with its odd characters marked. */
function said(chars, odd) {
  const value = document.createElement("div");
  value.className = "said";
  value.setAttribute("role", "cell");
  if (chars.length === 0) {
    value.classList.add("nothing");
    value.textContent = texts.empty_shown;
  }
  chars.forEach((c, i) => {
    const part = document.createElement(odd[i] ? "mark" : "span");
    part.textContent = c === " " ? "\u00a0" : c;
    value.append(part);
  });
  return value;
}

function row(line) {
  const form = [...line.form];
  const register = [...line.register];
  const odd = line.differs ? unlike(form, register) : [[], []];
  const place = document.createElement("div");
  place.className = `line${line.differs ? " differs" : ""}`;
  place.setAttribute("role", "row");
  place.dataset.field = line.field;
  const label = document.createElement("div");
  label.className = "label";
  label.setAttribute("role", "rowheader");
  label.textContent = line.label;
  const paper = document.createElement("div");
  paper.className = "paper";
  paper.setAttribute("role", "cell");
  const image = document.createElement("img");
  image.alt = "";
  image.hidden = true;
  paper.append(image);
  line.shown = image;
  const other = said(register, odd[1]);
  if (!line.differs) other.title = texts.person_same;
  place.append(label, paper, said(form, odd[0]), other);
  return place;
}

/** All fields in one scale, as they stand on the form; enlarged, those that differ alone. */
function scale() {
  el("sides").classList.toggle("large", large);
  const lines = (current?.lines ?? []).filter((line) => line.differs || !large);
  const images = lines.map((line) => line.shown).filter((image) => image && !image.hidden);
  const widest = Math.max(1, ...images.map((image) => image.naturalWidth));
  const tallest = Math.max(1, ...images.map((image) => image.naturalHeight));
  // A pixel less than there is: widths on the screen are rounded.
  const room = (images[0]?.parentElement.clientWidth ?? 0) - 1;
  const by = Math.min(room / widest, (TALLEST / tallest) * (large ? LARGER : 1));
  for (const image of images) image.style.width = `${Math.floor(image.naturalWidth * by)}px`;
}

function notes(task) {
  el("notes-box").hidden = !task || task.notes.length === 0;
  el("notes").replaceChildren(
    ...(task?.notes ?? []).map((note) => {
      const line = document.createElement("li");
      const words = document.createElement("q");
      words.textContent = note.text;
      line.append(`${note.by} ${texts.note_asked}: `, words);
      return line;
    }),
  );
}

async function draw() {
  const task = current;
  delete el("station").dataset.ready;
  el("sides").hidden = !task;
  el("empty").hidden = Boolean(task);
  el("note").textContent = "";
  el("who").textContent = task ? `${el("who").dataset.label} ${task.participant}` : "";
  for (const [id, act] of [["do-accept", "accept-form"], ["do-keep", "keep-register"], ["do-ask", "pass"]]) {
    el(id).disabled = !task;
    el(id).hidden = Boolean(task) && !task.acts.includes(act);
  }
  notes(task);
  el("lines").replaceChildren(...(task ? task.lines.map(row) : []));
  if (!task) return;
  task.seen = false;
  large = false;
  const shown = await Promise.all(
    task.lines.map(async (line) => {
      const url = await line.image;
      if (!url) return false;
      line.shown.src = url;
      await line.shown.decode().catch(() => undefined);
      return true;
    }),
  );
  if (current !== task) return;
  task.lines.forEach((line, i) => { line.shown.hidden = !shown[i]; });
  scale();
  if (shown.includes(false)) el("note").textContent = texts.no_picture;
  await sleep(DWELL);
  if (current !== task) return;
  task.seen = true;
  el("station").dataset.ready = task.id;
}

function send(act) {
  const task = current;
  if (!task || !task.seen) return;
  done += 1;
  status(texts.saving);
  const flight = sendVerdict(task, act, () => status(texts.offline, true))
    .then((stored) => {
      open = left(stored.progress);
      status(texts.saved);
      forget(task);
      known.delete(task.id);
      settled.add(task.id);
    })
    .catch((error) => {
      done -= 1;
      known.delete(task.id);
      settled.add(task.id);
      if (error instanceof Refused && error.status === 409) {
        status(texts.lost, true);
      } else if (error instanceof Refused && error.status !== 401) {
        // Refused: back in front of the person, with the reason.
        status("");
        known.add(task.id);
        if (current) queue.unshift(current);
        current = task;
        draw();
        el("note").textContent = `${texts.refused} ${error.message}`;
      } else {
        lost(error);
      }
    })
    .finally(() => {
      flights.delete(flight);
      count();
    });
  flights.add(flight);
  count();
  next();
}

/** Escape: the last decision of this station comes back. */
async function back() {
  if (undoing) return;
  undoing = true;
  try {
    await Promise.all(flights);
    const got = await call("POST", "persons/undo");
    open = left(got.progress);
    if (!got.task) {
      status(texts.nothing_to_undo);
      return;
    }
    done = Math.max(0, done - 1);
    const ahead = queue.findIndex((t) => t.id === got.task.id);
    if (ahead >= 0) queue.splice(ahead, 1);
    if (current && current.id !== got.task.id) queue.unshift(current);
    current = prepare(got.task);
    status(texts.undone);
    draw();
  } catch (error) {
    lost(error);
  } finally {
    undoing = false;
    count();
  }
}

const box = new ReasonBox(() => undefined);

/** Nothing is decided unseen. */
function ready() {
  if (current && !current.seen) el("note").textContent = texts.person_early;
  return Boolean(current?.seen);
}

/** Asks for the ground of a decision; `usual`: the ready one and what it is called in the verdict. */
function decide(act, title, usual) {
  if (!ready()) return;
  const question = { title, choices: [usual.text], missing: texts.person_ground_needed, label: texts.person_ground };
  box.ask(question, (reason) => send({ act, ground: reason === usual.text ? { kind: usual.kind } : { kind: "stated", reason } }));
}

const accept = () => decide("accept-form", texts.person_accept, { text: texts.person_list, kind: "correction-list" });
const keep = () => decide("keep-register", texts.person_keep, { text: texts.person_slip, kind: "writing-slip" });

function ask() {
  if (!ready() || !current.acts.includes("pass")) return;
  const choices = [texts.person_ask_1, texts.person_ask_2, texts.person_ask_3];
  const question = { title: texts.person_ask, choices, missing: texts.reason_needed, label: texts.person_reason };
  box.ask(question, (reason) => send({ act: "pass", reason }));
}

function zoom() {
  large = !large;
  scale();
}

const scroll = (by) => () => el("sides").scrollBy(0, by);
const help = () => el("help").showModal();
const keys = { 1: accept, 2: keep, 3: ask, F8: ask, Escape: back, F1: help, "?": help, F4: zoom };
const arrows = { ArrowUp: scroll(-STEP), ArrowDown: scroll(STEP), PageUp: scroll(-4 * STEP), PageDown: scroll(4 * STEP) };

document.addEventListener("keydown", (event) => {
  if (box.open || el("help").open || event.ctrlKey || event.altKey || event.metaKey) return;
  if (arrows[event.key]) {
    event.preventDefault();
    arrows[event.key]();
    return;
  }
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  // A key held down must not take back decision after decision.
  if (!event.repeat) act();
});

el("do-accept").addEventListener("click", accept);
el("do-keep").addEventListener("click", keep);
el("do-ask").addEventListener("click", ask);
el("do-undo").addEventListener("click", back);
el("do-help").addEventListener("click", help);
addEventListener("resize", scale);
addEventListener("beforeunload", (event) => { if (flights.size > 0) event.preventDefault(); });

document.addEventListener("progress", (event) => {
  open = left(event.detail);
  count();
});
await refill();
if (!current) draw();
for (let waited = 0; ; waited += 4000) {
  await sleep(4000);
  if (present() && (!current || waited >= RENEW)) {
    waited = 0;
    await refill();
  }
}
