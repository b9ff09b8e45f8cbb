// The persons station: the registration form beside the register, differences marked. Two keys and a ground settle a person.
import { Ahead } from "./ahead.js";
import { texts } from "./api.js";
import { TaskFlow, help, onButtons, onKeys, repeating } from "./flow.js";
import { ReasonBox } from "./reason.js";
import { el } from "./station.js";

/** Taller pictures of a field only take room, pixels. */
const TALLEST = 72;
const LARGER = 2;
/** Values with less in common than this are different as a whole: single letters that happen to be there say nothing. */
const COMMON = 0.6;
/** One press of an arrow, pixels. */
const STEP = 80;
/** Most tasks that one claim may ask for. */
const MOST = 32;

const senior = el("station").dataset.senior === "true";
let large = false;
/** Counts what was shown: what comes late for an earlier one is not shown any more. */
let turn = 0;

const flow = new TaskFlow({
  ahead: 4,
  // The senior also has what he was asked.
  left: (progress) => progress.persons + (senior ? progress.persons_asked : 0),
  claims: (n) => ["persons/claim", { n: Math.min(MOST, n) }],
  fits: (task) => task.about === "person",
  undoes: "persons/undo",
  prepare: (task) => {
    // One after another: the first one has the server decode the page, the others are cut out of it.
    let before;
    for (const line of task.lines) {
      line.image = new Ahead(line.picture, before);
      before = line.image.get();
    }
  },
  pictures: (task) => task.lines.map((line) => line.image),
  draw,
  show,
});

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
  const lines = (flow.current?.lines ?? []).filter((line) => line.differs || !large);
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

function draw(task) {
  turn += 1;
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
  show(task);
}

/** The pictures of the compared fields. */
async function show(task) {
  turn += 1;
  const mine = turn;
  const still = () => turn === mine;
  const shown = await Promise.all(
    task.lines.map(async (line) => {
      const url = await line.image.get();
      if (!url || !still()) return false;
      line.shown.src = url;
      await line.shown.decode().catch(() => undefined);
      return true;
    }),
  );
  if (!still()) return;
  task.lines.forEach((line, i) => { line.shown.hidden = !shown[i]; });
  scale();
  if (flow.lacks(task)) {
    el("note").textContent = texts.picture_lost;
    return;
  }
  el("note").textContent = shown.includes(false) ? texts.no_picture : "";
  await flow.ready(task, still);
}

const box = new ReasonBox(() => undefined);

/** The task before the person, if he has seen it: nothing is decided unseen. */
function seen() {
  if (flow.current && !flow.current.seen && !flow.lacks(flow.current)) el("note").textContent = texts.person_early;
  return flow.current?.seen ? flow.current : null;
}

/** Asks for the ground of a decision; `usual`: the ready one and what it is called in the verdict. */
function decide(act, title, usual) {
  const task = seen();
  if (!task) return;
  const question = { title, choices: [usual.text], missing: texts.person_ground_needed, label: texts.person_ground };
  const ground = (reason) => (reason === usual.text ? { kind: usual.kind } : { kind: "stated", reason });
  box.ask(question, (reason) => flow.send({ act, ground: ground(reason) }, task));
}

const accept = () => decide("accept-form", texts.person_accept, { text: texts.person_list, kind: "correction-list" });
const keep = () => decide("keep-register", texts.person_keep, { text: texts.person_slip, kind: "writing-slip" });

function ask() {
  const task = flow.current && flow.lacks(flow.current) ? flow.current : seen();
  if (!task?.acts.includes("pass")) return;
  const choices = [texts.person_ask_1, texts.person_ask_2, texts.person_ask_3];
  const question = { title: texts.person_ask, choices, missing: texts.reason_needed, label: texts.person_reason };
  box.ask(question, (reason) => flow.send({ act: "pass", reason }, task));
}

function zoom() {
  large = !large;
  scale();
}

const back = () => flow.back();
const scroll = (by) => repeating(() => el("sides").scrollBy(0, by));
const keys = {
  1: accept, 2: keep, 3: ask, F8: ask, Escape: back, F1: help, "?": help, F4: zoom,
  ArrowUp: scroll(-STEP), ArrowDown: scroll(STEP), PageUp: scroll(-4 * STEP), PageDown: scroll(4 * STEP),
};

onKeys((event) => keys[event.key], box);
onButtons({ "do-accept": accept, "do-keep": keep, "do-ask": ask, "do-undo": back });
addEventListener("resize", scale);
await flow.run();
