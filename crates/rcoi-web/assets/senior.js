// The senior's station: sheets and rooms that nobody could place, with the page turned and enlarged.
import { Refused, call, picture, sendVerdict, sleep, texts } from "./api.js";
import { FieldInput } from "./field.js";

const el = (id) => document.getElementById(id);
const form = el("decide");
let tasks = [];
let current = null;
let act = null;
let zoom = 1;
let turns = 0;
let people = null;
const dummy = document.createElement("div");
const field = new FieldInput(el("value"), dummy, el("note"));

function lost(error) {
  if (error instanceof Refused && error.status === 401) location.href = "/login";
  el("saving").textContent = error instanceof Refused ? `${texts.refused} ${error.message}` : texts.offline;
}

async function refill() {
  try {
    const got = await call("POST", "tasks/claim", { n: 40, station: "senior" });
    el("left").textContent = String(got.progress.senior);
    const before = current?.id;
    tasks = got.tasks;
    const still = tasks.find((t) => t.id === before);
    if (still) {
      current = still;
      drawList();
    } else {
      choose(tasks[0] ?? null);
    }
  } catch (error) {
    lost(error);
  }
}

function drawList() {
  el("empty").hidden = tasks.length > 0;
  el("list").replaceChildren(
    ...tasks.map((task) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      const small = document.createElement("small");
      button.type = "button";
      button.textContent = task.label;
      small.textContent = task.source?.file ?? task.detail ?? "";
      button.append(small);
      if (task.id === current?.id) button.setAttribute("aria-current", "true");
      button.addEventListener("click", () => choose(task));
      item.append(button);
      return item;
    }),
  );
}

function choose(task) {
  current = task;
  drawList();
  form.hidden = !task;
  el("note").textContent = "";
  zoom = 1;
  turns = 0;
  draw();
  if (!task) return;
  el("label").textContent = task.label;
  el("detail").textContent = task.about === "field" ? task.why.join(" · ") : task.detail;
  el("code").value = "";
  el("participant").value = "";
  el("reason").value = "";
  el("code-note").textContent = "";
  const acts = task.acts;
  el("acts").replaceChildren(
    ...acts.map((name) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = el("act-names").content.querySelector(`[data-act="${name}"]`)?.textContent ?? name;
      button.dataset.act = name;
      button.addEventListener("click", () => pick(name, true));
      return button;
    }),
  );
  if (task.about === "field") field.show(task, task.earlier ?? task.value);
  pick(acts[0], true);
}

function pick(name, focus) {
  act = name;
  for (const button of el("acts").children) button.setAttribute("aria-pressed", String(button.dataset.act === name));
  const needs = { value: ["value"], "sheet-code": ["sheet-code"], bind: ["bind", "reason"] }[name] ?? ["reason"];
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = !needs.includes(part.dataset.for);
  if (name === "bind") loadPeople();
  if (focus) form.querySelector("[data-for]:not([hidden]) :is(input, textarea)")?.focus();
}

async function loadPeople() {
  if (people?.exam === current.exam) return;
  try {
    people = { exam: current.exam, list: (await call("GET", `tasks/${current.id}/people`)).people };
    el("people").replaceChildren(
      ...people.list.map((p) => {
        const option = document.createElement("option");
        option.value = p.code;
        option.label = `${p.ppe} · ${p.room} · ${p.seat}`;
        return option;
      }),
    );
  } catch (error) {
    lost(error);
  }
}

async function draw() {
  const image = el("picture");
  const task = current;
  image.hidden = true;
  el("no-picture").hidden = true;
  el("source").textContent = task?.source ? `${task.source.file} · ${task.source.index + 1}` : "";
  if (!task) return;
  if (!task.picture) {
    el("no-picture").hidden = false;
    return;
  }
  task.image ??= picture(task.about === "field" ? task.picture : `${task.picture}?kind=page`).catch(() => null);
  const url = await task.image;
  if (current !== task) return;
  el("no-picture").hidden = Boolean(url);
  if (!url) return;
  image.src = url;
  await image.decode().catch(() => {});
  if (current !== task) return;
  image.hidden = false;
  place();
}

function place() {
  const image = el("picture");
  const frame = el("frame");
  const table = el("turntable");
  if (image.hidden || !image.naturalWidth) return;
  const odd = turns % 2 === 1;
  const wide = odd ? image.naturalHeight : image.naturalWidth;
  const scale = (zoom * (frame.clientWidth - 4)) / wide;
  const [w, h] = [image.naturalWidth * scale, image.naturalHeight * scale];
  image.style.width = `${w}px`;
  image.style.height = `${h}px`;
  table.style.width = `${odd ? h : w}px`;
  table.style.height = `${odd ? w : h}px`;
  image.style.transform = `translate(-50%, -50%) rotate(${turns * 90}deg)`;
}

const resize = (by) => { zoom = Math.min(6, Math.max(0.3, zoom * by)); place(); };
const turn = () => { turns = (turns + 1) % 4; place(); };
el("larger").addEventListener("click", () => resize(1.25));
el("smaller").addEventListener("click", () => resize(0.8));
el("turn").addEventListener("click", turn);
addEventListener("resize", place);

/** GS1 check digit: weights 1, 3 from the left. The server knows the second rule, so this only informs. */
function checkCode() {
  const digits = el("code").value.replace(/\s/g, "");
  const note = el("code-note");
  if (!/^\d{13}$/.test(digits)) {
    note.textContent = `${texts.code_short} (${digits.length})`;
    note.className = "note";
    return;
  }
  const sum = [...digits.slice(0, 12)].reduce((s, d, i) => s + Number(d) * (i % 2 ? 3 : 1), 0);
  const fine = (10 - (sum % 10)) % 10 === Number(digits[12]);
  note.textContent = fine ? texts.code_ok : texts.code_bad;
  note.className = fine ? "good" : "note";
}
el("code").addEventListener("input", checkCode);

async function store() {
  if (!current || el("store").disabled) return;
  const task = current;
  const reason = el("reason").value.trim();
  const bodies = {
    value: () => ({ value: el("value").value.trimEnd() }),
    "sheet-code": () => ({ code: el("code").value.replace(/\s/g, "") }),
    bind: () => ({ participant: el("participant").value.trim(), reason }),
  };
  const body = { act, ...(bodies[act] ?? (() => ({ reason })))() };
  if ("reason" in body && reason.length < 3) {
    el("note").textContent = texts.reason_needed;
    return;
  }
  if (act === "bind" && people && !people.list.some((p) => p.code === body.participant)) {
    el("note").textContent = texts.no_match;
    return;
  }
  el("store").disabled = true;
  el("saving").textContent = texts.saving;
  try {
    await sendVerdict(task, body, () => { el("saving").textContent = texts.offline; });
    el("saving").textContent = texts.saved;
    const at = tasks.indexOf(task);
    tasks = tasks.filter((t) => t !== task);
    choose(tasks[Math.min(at, tasks.length - 1)] ?? null);
    await refill();
  } catch (error) {
    el("note").textContent = error.message;
    el("saving").textContent = "";
    if (error instanceof Refused && error.status === 409) await refill();
    if (error instanceof Refused && error.status === 401) lost(error);
  } finally {
    el("store").disabled = false;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  store();
});
el("undo").addEventListener("click", async () => {
  try {
    const back = await call("POST", "undo");
    el("saving").textContent = back.task ? texts.undone : texts.nothing_to_undo;
    await refill();
    if (back.task) choose(tasks.find((t) => t.id === back.task.id) ?? current);
  } catch (error) {
    lost(error);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.ctrlKey) {
    event.preventDefault();
    if (!event.repeat) store();
    return;
  }
  if (event.ctrlKey || event.altKey || event.target.matches("input, textarea")) return;
  if (event.key === "+" || event.key === "=") resize(1.25);
  else if (event.key === "-") resize(0.8);
  else if (event.code === "KeyR") turn();
  else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const at = tasks.indexOf(current) + (event.key === "ArrowDown" ? 1 : -1);
    if (tasks[at]) choose(tasks[at]);
    event.preventDefault();
  }
});

await refill();
for (;;) {
  await sleep(8000);
  if (!current) await refill();
}
