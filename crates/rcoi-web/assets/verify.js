// The fields station: one doubtful field at a time, the next ones fetched ahead, hands on the keyboard.
import { Refused, call, picture, sendVerdict, sleep, texts } from "./api.js";
import { FieldInput } from "./field.js";

const el = (id) => document.getElementById(id);
const AHEAD = 8;
const queue = [];
const known = new Set();
const flying = new Set();
let current = null;
let open = 0;
let claiming = false;
let chosen = new Set();
const field = new FieldInput(el("value"), el("cells"), el("note"));

function count() {
  el("left").textContent = String(Math.max(0, open - flying.size));
}

function status(text) {
  el("saving").textContent = text;
}

function lost(error) {
  if (error instanceof Refused && error.status === 401) {
    location.href = "/login";
    return;
  }
  status(error instanceof Refused ? `${texts.refused} ${error.message}` : texts.offline);
}

function prepare(task) {
  known.add(task.id);
  task.image = (task.picture ? picture(task.picture) : Promise.reject(new Error("none"))).catch(() => null);
  return task;
}

async function refill() {
  if (claiming || queue.length >= AHEAD / 2) return;
  claiming = true;
  try {
    const got = await call("POST", "tasks/claim", { n: AHEAD + flying.size, station: "verifier" });
    open = got.progress.verifier;
    for (const task of got.tasks) if (task.about === "field" && !known.has(task.id)) queue.push(prepare(task));
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
  refill();
}

async function draw() {
  const task = current;
  el("answer").hidden = !task;
  el("empty").hidden = Boolean(task);
  for (const id of ["do-enter", "do-pass", "do-rescan"]) el(id).disabled = !task;
  const image = el("picture");
  if (!task) {
    el("label").textContent = "";
    el("form").textContent = "";
    el("why").textContent = "";
    image.hidden = true;
    return;
  }
  el("label").textContent = task.label;
  el("form").textContent = task.form_name;
  el("why").textContent = task.why.join(" · ");
  const marks = task.kind !== "cells" && task.kind !== "code";
  const value = task.earlier ?? task.value;
  el("marks").hidden = !marks;
  el("cells").hidden = marks;
  el("value").parentElement.hidden = marks;
  el("permitted").textContent = !marks && task.permitted ? `${el("permitted").dataset.label}: ${task.permitted}` : task.pattern ?? "";
  task.seen = false;
  if (marks) {
    chosen = new Set(value.split("|").filter(Boolean));
    field.task = null;
    drawMarks();
    el("marks").focus();
  } else {
    field.show(task, value);
  }
  image.hidden = true;
  const url = await task.image;
  if (current !== task) return;
  if (url) {
    image.src = url;
    await image.decode().catch(() => {});
    if (current !== task) return;
    image.hidden = false;
  }
  task.seen = true;
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
  count();
  status(texts.saving);
  const flight = sendVerdict(task, act, () => status(texts.offline))
    .then((done) => {
      open = done.progress.verifier;
      status(texts.saved);
      task.image.then((url) => url && URL.revokeObjectURL(url));
      flying.delete(task.id);
      known.delete(task.id);
    })
    .catch((error) => {
      flying.delete(task.id);
      known.delete(task.id);
      if (error instanceof Refused && error.status === 409) {
        status(texts.lost);
      } else if (error instanceof Refused && error.status !== 401) {
        // Refused: back in front of the person, with the reason and what was typed.
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
const flights = new Set();

async function undo() {
  await Promise.all(flights);
  try {
    const back = await call("POST", "undo");
    open = back.progress.verifier;
    count();
    if (!back.task || back.task.about !== "field") {
      status(texts.nothing_to_undo);
      return;
    }
    const ahead = queue.findIndex((t) => t.id === back.task.id);
    if (ahead >= 0) queue.splice(ahead, 1);
    if (current && current.id !== back.task.id) queue.unshift(current);
    current = prepare(back.task);
    status(texts.undone);
    draw();
  } catch (error) {
    lost(error);
  }
}

function ask(act, title, choices) {
  if (!current) return;
  const box = el("reason-box");
  el("reason-title").textContent = title;
  el("reason").value = "";
  el("reason-note").textContent = "";
  el("reason-choices").replaceChildren(
    ...choices.map((text, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `${i + 1} · ${text}`;
      button.addEventListener("click", () => {
        el("reason").value = text;
        el("reason").focus();
      });
      return button;
    }),
  );
  box.dataset.act = act;
  box.showModal();
  el("reason").focus();
}

el("reason").addEventListener("keydown", (event) => {
  const choice = el("reason-choices").children[Number(event.key) - 1];
  if (choice && el("reason").value === "") {
    event.preventDefault();
    choice.click();
  }
});
el("reason-cancel").addEventListener("click", () => el("reason-box").close());
el("reason-box").querySelector("form").addEventListener("submit", (event) => {
  const reason = el("reason").value.trim();
  if (reason.length < 3) {
    event.preventDefault();
    el("reason-note").textContent = texts.reason_needed;
    return;
  }
  send({ act: el("reason-box").dataset.act, reason });
});

const pass = () => ask("pass", el("do-pass").firstChild.textContent.trim(), [texts.pass_1, texts.pass_2, texts.pass_3]);
const rescan = () => ask("rescan", el("do-rescan").firstChild.textContent.trim(), [texts.rescan_1, texts.rescan_2, texts.rescan_3]);
const help = () => el("help").showModal();
const enter = () => current && send({ act: "value", value: answer() });

const keys = {
  Enter: enter,
  Escape: undo,
  F1: help,
  F2: () => field.task && field.nextDoubt(),
  F4: () => el("picture").classList.toggle("large"),
  F8: pass,
  F9: rescan,
};

document.addEventListener("keydown", (event) => {
  if (el("reason-box").open || el("help").open || event.ctrlKey || event.altKey || event.metaKey) return;
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

el("do-enter").addEventListener("click", enter);
el("do-undo").addEventListener("click", undo);
el("do-pass").addEventListener("click", pass);
el("do-rescan").addEventListener("click", rescan);
el("do-help").addEventListener("click", help);
addEventListener("beforeunload", (event) => { if (flying.size > 0) event.preventDefault(); });

await refill();
draw();
for (;;) {
  await sleep(4000);
  if (!current || queue.length === 0) await refill();
}
