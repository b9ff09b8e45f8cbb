// The senior's station: fields passed on, sheets and rooms that nobody could place, with the page turned and enlarged.
import { Ahead } from "./ahead.js";
import { Refused, call, sendVerdict, sleep, texts } from "./api.js";
import { FieldInput, showPermitted } from "./field.js";
import { Leaf } from "./leaf.js";
import { Strip } from "./strip.js";

const el = (id) => document.getElementById(id);
const form = el("decide");
let tasks = [];
let current = null;
let act = null;
let people = null;
const strip = new Strip(el("cut"), el("strip"), el("cutout"), el("spots"), el("cells"));
const field = new FieldInput(el("value"), el("note"), (value, from, to) => strip.draw(value, from, to));
const leaf = new Leaf(el("frame"), el("turntable"), el("leaf"), el("picture"), el("place"));

/** Ready reasons of each act. */
const REASONS = {
  exclude: [texts.exclude_1, texts.exclude_2, texts.exclude_3],
  explain: [texts.explain_1, texts.explain_2],
  bind: [texts.bind_1, texts.bind_2],
  rescan: [texts.rescan_1, texts.rescan_2, texts.rescan_3],
};

function status(text, bad = false) {
  el("saving").textContent = text;
  el("saving").classList.toggle("bad", bad);
}

function lost(error) {
  if (error instanceof Refused && error.status === 401) location.href = "/login";
  status(error instanceof Refused ? `${texts.refused} ${error.message}` : texts.offline, true);
}

async function refill() {
  try {
    const got = await call("POST", "tasks/claim", { n: 40, station: "senior" });
    el("left").textContent = String(got.progress.senior);
    const before = current?.id;
    tasks = got.tasks.map((task) => tasks.find((t) => t.id === task.id) ?? task);
    const still = tasks.find((t) => t.id === before);
    if (still) {
      current = still;
      drawList();
    } else {
      choose(tasks.find((t) => t.id === location.hash.slice(1)) ?? tasks[0] ?? null);
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
      if (task.notes.some((n) => n.act === "rescan")) button.classList.add("asked");
      if (task.id === current?.id) button.setAttribute("aria-current", "true");
      button.addEventListener("click", () => choose(task));
      item.append(button);
      return item;
    }),
  );
  el("list").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

function drawNotes(task) {
  el("notes-box").hidden = task.notes.length === 0;
  el("notes").replaceChildren(
    ...task.notes.map((note) => {
      const line = document.createElement("li");
      const said = document.createElement("q");
      said.textContent = note.text || texts.empty_shown;
      line.append(`${note.by} ${texts[`note_${note.act}`]}: `, said);
      return line;
    }),
  );
}

/** The pictures of a task: the page, and of a field its cut-out. */
function show(task) {
  const still = () => current === task;
  if (task.picture) {
    task.page ??= new Ahead(`${task.picture}?kind=page`);
    leaf.show(task.page.get(), task.place, still).then((shown) => { if (shown !== null) el("no-picture").hidden = shown; });
  }
  if (task.about === "field") {
    task.image ??= new Ahead(task.picture);
    strip.show(task, task.image.get(), still);
  }
}

function choose(task) {
  current = task;
  drawList();
  form.hidden = !task;
  el("note").textContent = "";
  el("source").textContent = task?.source ? `${task.source.file} · ${task.source.index + 1}` : "";
  const isField = task?.about === "field";
  el("cut").hidden = !isField;
  el("no-picture").hidden = !task || Boolean(task.picture);
  field.task = null;
  leaf.clear();
  strip.clear();
  if (!task) return;
  el("label").textContent = task.label;
  el("detail").textContent = isField ? task.why.join(" · ") : task.detail;
  drawNotes(task);
  for (const id of ["code", "participant", "reason"]) el(id).value = "";
  el("code-note").textContent = "";
  el("acts").replaceChildren(
    ...task.acts.map((name, i) => {
      const button = document.createElement("button");
      const key = document.createElement("kbd");
      button.type = "button";
      key.textContent = String(i + 1);
      button.append(key, ` ${el("act-names").content.querySelector(`[data-act="${name}"]`)?.textContent ?? name}`);
      button.dataset.act = name;
      button.addEventListener("click", () => pick(name));
      return button;
    }),
  );
  show(task);
  if (isField) {
    showPermitted(el("permitted"), task.permitted);
    field.show(task, task.earlier ?? task.value);
  }
  pick(task.acts[0]);
}

function pick(name) {
  if (!name) return;
  act = name;
  for (const button of el("acts").children) button.setAttribute("aria-pressed", String(button.dataset.act === name));
  const needs = { value: ["value"], "sheet-code": ["sheet-code"], bind: ["bind", "reason"] }[name] ?? ["reason"];
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = !needs.includes(part.dataset.for);
  el("reasons").replaceChildren(
    ...(REASONS[name] ?? []).map((text) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "small";
      button.textContent = text;
      button.addEventListener("click", () => {
        el("reason").value = text;
        el("reason").focus();
      });
      return button;
    }),
  );
  if (name === "bind") loadPeople();
  form.querySelector("[data-for]:not([hidden]):is(label) :is(input, textarea)")?.focus();
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

/** The check digit of twelve digits: weights `first` and its counterpart of 1 and 3, from the left. */
function checkDigit(twelve, first) {
  const sum = [...twelve].reduce((s, d, i) => s + Number(d) * (i % 2 ? 4 - first : first), 0);
  return (10 - (sum % 10)) % 10;
}

/** Says at once whether the typed code can be right; both rules in use are known here as on the server. */
function checkCode() {
  const digits = el("code").value.replace(/\s/g, "");
  const note = el("code-note");
  const rules = [1, 3].map((first) => checkDigit(digits.slice(0, 12), first));
  note.className = "check";
  if (!/^\d*$/.test(digits) || digits.length < 12 || digits.length > 13) {
    note.textContent = digits ? `${texts.code_short} (${digits.length})` : "";
  } else if (digits.length === 12) {
    note.textContent = `${texts.check_is} ${rules[0]}`;
  } else {
    const fine = rules.includes(Number(digits[12]));
    note.textContent = fine ? `✓ ${texts.code_ok}` : `✗ ${texts.code_bad}`;
    note.classList.add(fine ? "good" : "bad");
  }
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
  if (act === "value" && !field.fits()) return;
  if ("reason" in body && reason.length < 3) {
    el("note").textContent = texts.reason_needed;
    return;
  }
  if (act === "bind" && people && !people.list.some((p) => p.code === body.participant)) {
    el("note").textContent = texts.no_match;
    return;
  }
  el("store").disabled = true;
  el("note").textContent = "";
  status(texts.saving);
  try {
    await sendVerdict(task, body, () => status(texts.offline, true));
    status(texts.saved);
    const at = tasks.indexOf(task);
    tasks = tasks.filter((t) => t !== task);
    for (const shown of [task.image, task.page]) shown?.drop();
    choose(tasks[Math.min(at, tasks.length - 1)] ?? null);
    await refill();
  } catch (error) {
    el("note").textContent = error.message;
    status("");
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
    status(back.task ? texts.undone : texts.nothing_to_undo);
    await refill();
    if (back.task) choose(tasks.find((t) => t.id === back.task.id) ?? current);
  } catch (error) {
    lost(error);
  }
});
el("larger").addEventListener("click", () => leaf.zoom(1.25));
el("smaller").addEventListener("click", () => leaf.zoom(0.8));
el("fit").addEventListener("click", () => leaf.fit());
el("turn").addEventListener("click", () => leaf.turn());

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.ctrlKey) {
    event.preventDefault();
    if (!event.repeat) store();
    return;
  }
  // Inside an input the same keys work with Alt, which types nothing.
  if (event.ctrlKey || event.metaKey || (event.target.matches("input, textarea") && !event.altKey)) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const digit = event.code.match(/^(?:Digit|Numpad)([1-9])$/)?.[1];
  if (event.key === "+" || event.key === "=") leaf.zoom(1.25);
  else if (event.key === "-") leaf.zoom(0.8);
  else if (event.code === "Digit0") leaf.fit();
  else if (event.code === "KeyR") leaf.turn();
  else if (digit && current) pick(current.acts[Number(digit) - 1]);
  else if (step && (event.target !== el("frame") || event.altKey)) {
    const to = tasks[tasks.indexOf(current) + step];
    if (to) choose(to);
  } else return;
  event.preventDefault();
});

addEventListener("online", () => { if (current?.page?.lost || current?.image?.lost) show(current); });
await refill();
for (let waited = 0; ; waited += 8000) {
  await sleep(8000);
  // Also while somebody thinks: the tasks in hand are claimed anew, so that their lease does not lapse.
  if (!current || waited >= 60_000) {
    waited = 0;
    await refill();
  }
}
