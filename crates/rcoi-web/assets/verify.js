// The fields station: one doubtful field at a time, the next ones fetched ahead, hands on the keyboard.
import { Refused, call, picture, sendVerdict, sleep, texts } from "./api.js";
import { FieldInput, showPermitted } from "./field.js";
import { ReasonBox } from "./reason.js";
import { el, lost, present, regained, status, tally } from "./station.js";
import { Strip } from "./strip.js";

const AHEAD = 8;
/** Nothing is confirmed sooner after it appeared, ms: nobody reads that fast, but fingers bounce. */
const DWELL = 350;
/** Tasks in hand are claimed anew this often, so that their lease does not lapse while somebody thinks. */
const RENEW = 60_000;
const queue = [];
const known = new Set();
/** Tasks settled since the last claim was sent: its answer may still offer them. */
const settled = new Set();
const flying = new Set();
const flights = new Set();
let current = null;
let open = 0;
let done = 0;
let claiming = false;
let undoing = false;
let chosen = new Set();
const strip = new Strip(el("frame"), el("strip"), el("picture"), el("spots"), el("cells"));
const field = new FieldInput(el("value"), el("note"), (value, from, to) => strip.draw(value, from, to));

const count = () => tally(Math.max(0, open - flying.size), done);

function prepare(task) {
  known.add(task.id);
  task.image = (task.picture ? picture(task.picture) : Promise.reject(new Error("none"))).catch(() => null);
  return task;
}

async function refill() {
  if (claiming) return;
  claiming = true;
  settled.clear();
  try {
    const got = await call("POST", "tasks/claim", { n: AHEAD + flying.size, station: "verifier" });
    open = got.progress.verifier;
    for (const task of got.tasks) {
      if (task.about === "field" && !known.has(task.id) && !settled.has(task.id)) queue.push(prepare(task));
    }
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

async function draw() {
  const task = current;
  delete el("station").dataset.ready;
  el("answer").hidden = !task;
  el("frame").hidden = !task;
  el("empty").hidden = Boolean(task);
  for (const id of ["do-enter", "do-pass", "do-rescan"]) el(id).disabled = !task;
  if (!task) {
    for (const id of ["label", "form", "why"]) el(id).textContent = "";
    field.task = null;
    strip.clear();
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
  const shown = strip.show(task, task.image, () => current === task);
  if (marks) {
    chosen = new Set(value.split("|").filter(Boolean));
    field.task = null;
    el("note").textContent = "";
    drawMarks();
    el("marks").focus();
  } else {
    field.show(task, value);
  }
  if (!(await shown)) return;
  if (el("picture").hidden) el("note").textContent = texts.no_picture;
  await sleep(DWELL);
  if (current !== task) return;
  task.seen = true;
  el("station").dataset.ready = task.id;
}

function options() {
  return current.options.length > 0 ? current.options : ["1"];
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

function send(act) {
  const task = current;
  // Nothing is confirmed unseen.
  if (!task || !task.seen) return;
  const shown = act.value ?? null;
  flying.add(task.id);
  done += 1;
  count();
  status(texts.saving);
  const flight = sendVerdict(task, act, () => status(texts.offline, true))
    .then((stored) => {
      open = stored.progress.verifier;
      status(texts.saved);
      task.image.then((url) => url && URL.revokeObjectURL(url));
      flying.delete(task.id);
      known.delete(task.id);
      settled.add(task.id);
    })
    .catch((error) => {
      done -= 1;
      flying.delete(task.id);
      known.delete(task.id);
      settled.add(task.id);
      if (error instanceof Refused && error.status === 409) {
        status(texts.lost, true);
      } else if (error instanceof Refused && error.status !== 401) {
        // Refused: back in front of the person, with the reason and what was typed.
        status("");
        known.add(task.id);
        if (current) queue.unshift(current);
        task.earlier = shown ?? task.earlier;
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
  next();
}

/** Escape: first what was typed goes, then the last answer comes back. */
async function back() {
  if (field.dirty && current) {
    field.show(current, field.shown);
    status(texts.restored);
    return;
  }
  if (undoing) return;
  undoing = true;
  try {
    await Promise.all(flights);
    const got = await call("POST", "undo");
    open = got.progress.verifier;
    if (!got.task || got.task.about !== "field") {
      status(got.task ? texts.undone_senior : texts.nothing_to_undo);
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

const refocus = () => (field.task ? el("value") : el("marks")).focus();

const box = new ReasonBox(() => { if (current) refocus(); });
el("help").addEventListener("close", () => { if (current) refocus(); });

function ask(act, title, choices) {
  if (!current || !current.seen) return;
  box.ask({ title, choices, missing: texts.reason_needed }, (reason) => send({ act, reason }));
}

const pass = () => ask("pass", texts.pass_title, [texts.pass_1, texts.pass_2, texts.pass_3]);
const rescan = () => ask("rescan", texts.rescan_title, [texts.rescan_1, texts.rescan_2, texts.rescan_3]);
const help = () => el("help").showModal();
const enter = () => current?.seen && (!field.task || field.fits()) && send({ act: "value", value: answer() });

const keys = {
  Enter: enter,
  Escape: back,
  F1: help,
  F2: () => field.task && field.nextDoubt(),
  F4: () => strip.zoom(),
  F8: pass,
  F9: rescan,
};

document.addEventListener("keydown", (event) => {
  if (box.open || el("help").open || event.ctrlKey || event.altKey || event.metaKey) return;
  const onButton = event.target instanceof HTMLButtonElement || event.target instanceof HTMLAnchorElement;
  if (event.key === "Enter" && onButton) return;
  let act = keys[event.key];
  if (event.key === "?" && !(field.task && current?.permitted.includes("?"))) act = help;
  if (!act && current && !field.task) {
    // The letter itself, or the key in its Latin place when the layout is Russian.
    const letter = event.code.startsWith("Key") ? event.code.slice(3) : event.key;
    const value = options().find((o) => o.toUpperCase() === event.key.toUpperCase()) ?? options().find((o) => o.toUpperCase() === letter);
    if (value) act = () => toggle(value);
    if (event.key === "Backspace" || event.key === "Delete") act = () => { chosen.clear(); drawMarks(); };
  }
  if (!act) return;
  event.preventDefault();
  // A key held down must not confirm field after field.
  if (!event.repeat) act();
});

const press = (act) => () => {
  act();
  if (current && !box.open && !el("help").open) refocus();
};
el("do-enter").addEventListener("click", press(enter));
el("do-undo").addEventListener("click", press(back));
el("do-pass").addEventListener("click", press(pass));
el("do-rescan").addEventListener("click", press(rescan));
el("do-help").addEventListener("click", press(help));
addEventListener("beforeunload", (event) => { if (flying.size > 0) event.preventDefault(); });

document.addEventListener("progress", (event) => {
  open = event.detail.verifier;
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
