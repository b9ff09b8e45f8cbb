// The fields station: one doubtful field at a time, the next ones fetched ahead, hands on the keyboard.
import { Ahead } from "./ahead.js";
import { texts } from "./api.js";
import { FieldInput, showPermitted } from "./field.js";
import { TaskFlow, help, onButtons, onKeys } from "./flow.js";
import { ReasonBox } from "./reason.js";
import { el, status } from "./station.js";
import { Strip } from "./strip.js";

let chosen = new Set();
/** Counts what was shown: what comes late for an earlier one is not shown any more. */
let turn = 0;
const strip = new Strip(el("frame"), el("strip"), el("picture"), el("spots"), el("cells"));
const field = new FieldInput(el("value"), el("note"), (value, from, to) => strip.draw(value, from, to));

const flow = new TaskFlow({
  ahead: 8,
  left: (progress) => progress.verifier,
  claims: (n) => ["tasks/claim", { n, station: "verifier" }],
  fits: (task) => task.about === "field",
  undoes: "undo",
  elsewhere: texts.undone_senior,
  prepare: (task) => {
    task.image = new Ahead(task.picture);
    // After it: then the server has the page before it, if it had to be decoded.
    for (const row of task.beside) row.image = new Ahead(row.picture, task.image.get());
  },
  pictures: (task) => [task.image, ...task.beside.map((row) => row.image)],
  draw,
  show,
  returned: (task, act) => { task.earlier = act.value ?? task.earlier; },
});

function draw(task) {
  turn += 1;
  delete el("station").dataset.ready;
  el("answer").hidden = !task;
  el("frame").hidden = !task;
  el("empty").hidden = Boolean(task);
  for (const id of ["do-enter", "do-pass", "do-rescan"]) el(id).disabled = !task;
  if (!task) {
    for (const id of ["label", "form", "why"]) el(id).textContent = "";
    field.task = null;
    strip.clear();
    el("beside").hidden = true;
    return;
  }
  el("label").textContent = task.label;
  el("form").textContent = task.form_name;
  el("why").textContent = task.why.join(" · ") || texts.why_none;
  const marks = task.kind !== "cells" && task.kind !== "code";
  const value = task.earlier ?? task.value;
  el("marks").hidden = !marks;
  el("value").parentElement.hidden = marks;
  showPermitted(el("permitted"), marks ? "" : task.permitted);
  task.seen = false;
  strip.draw("");
  show(task);
  if (marks) {
    chosen = new Set(value.split("|").filter(Boolean));
    field.task = null;
    el("note").textContent = "";
    drawMarks();
    el("marks").focus();
  } else {
    field.show(task, value);
  }
}

/** The pictures of a task: of the field, and of what stands beside it. */
async function show(task) {
  turn += 1;
  const mine = turn;
  const still = () => turn === mine;
  showBeside(task, still);
  if (!(await strip.show(task, task.image.get(), still))) return;
  if (task.image.lost) {
    el("note").textContent = texts.picture_lost;
    return;
  }
  if (el("picture").hidden) el("note").textContent = texts.no_picture;
  else if (el("note").textContent === texts.picture_lost) el("note").textContent = "";
  await flow.ready(task, still);
}

/** Rows of the sheet that belong to the field, each in a sentence and with its picture; only to look at. */
function showBeside(task, still) {
  const rows = task.beside.map((row) => {
    const line = document.createElement("li");
    const words = document.createElement("span");
    const image = document.createElement("img");
    line.dataset.row = row.row;
    words.textContent = row.text;
    image.alt = "";
    image.hidden = true;
    row.image.get().then((url) => {
      if (!url || !still()) return;
      image.src = url;
      image.hidden = false;
    });
    line.append(words, image);
    return line;
  });
  el("beside").replaceChildren(...rows);
  el("beside").hidden = rows.length === 0;
}

function options() {
  return flow.current.options.length > 0 ? flow.current.options : ["1"];
}

function drawMarks() {
  const buttons = options().map((value) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = value;
    button.tabIndex = -1;
    button.setAttribute("aria-pressed", String(chosen.has(value)));
    button.addEventListener("click", () => toggle(value));
    return button;
  });
  el("marks").replaceChildren(...buttons);
}

function toggle(value) {
  if (!chosen.delete(value)) chosen.add(value);
  drawMarks();
  el("marks").focus();
}

function answer() {
  if (field.task) return el("value").value.trimEnd();
  return options().filter((o) => chosen.has(o)).join("|");
}

/** Escape: first what was typed goes, then the last answer comes back. */
function back() {
  if (!field.dirty || !flow.current) return flow.back();
  field.show(flow.current, field.shown);
  status(texts.restored);
}

const refocus = () => flow.current && (field.task ? el("value") : el("marks")).focus();
const box = new ReasonBox(refocus);

function ask(act, title, choices) {
  const task = flow.current;
  if (!task || !(task.seen || flow.lacks(task))) return;
  box.ask({ title, choices, missing: texts.reason_needed }, (reason) => flow.send({ act, reason }, task));
}

const pass = () => ask("pass", texts.pass_title, [texts.pass_1, texts.pass_2, texts.pass_3]);
const rescan = () => ask("rescan", texts.rescan_title, [texts.rescan_1, texts.rescan_2, texts.rescan_3]);

/** Nothing is confirmed unseen. */
function enter() {
  const task = flow.current;
  if (task?.seen && (!field.task || field.fits())) flow.send({ act: "value", value: answer() }, task);
}

const keys = {
  Enter: enter,
  Escape: back,
  F1: help,
  F2: () => field.task && field.nextDoubt(),
  F4: () => strip.zoom(),
  F8: pass,
  F9: rescan,
};

/** A key among the boxes of a field with marks. */
function ofMarks(event) {
  if (event.key === "Backspace" || event.key === "Delete") return () => { chosen.clear(); drawMarks(); };
  // The letter itself, or the key in its Latin place when the layout is Russian.
  const letter = event.code.startsWith("Key") ? event.code.slice(3) : event.key;
  const value = options().find((o) => o.toUpperCase() === event.key.toUpperCase()) ?? options().find((o) => o.toUpperCase() === letter);
  return value && (() => toggle(value));
}

onKeys((event) => {
  const onButton = event.target instanceof HTMLButtonElement || event.target instanceof HTMLAnchorElement;
  if (event.key === "Enter" && onButton) return null;
  if (event.key === "?" && !(field.task && flow.current?.permitted.includes("?"))) return help;
  return keys[event.key] ?? (flow.current && !field.task ? ofMarks(event) : null);
}, box);
onButtons({ "do-enter": enter, "do-undo": back, "do-pass": pass, "do-rescan": rescan }, refocus);
await flow.run();
