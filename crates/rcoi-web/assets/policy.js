// The policy of an exam: the table is changed in place, and what it would cost people stands beside it at once.
import { Refused, call, peek, texts } from "./api.js";

const el = (id) => document.getElementById(id);
const station = el("station");
const path = `exams/${station.dataset.exam}/policy`;
const shipped = JSON.parse(el("table").textContent);
let asked = 0;
let waiting = null;

/** The table as the page shows it; null when a number is out of its range. */
function table() {
  const wrong = [...station.querySelectorAll("input, select")].filter((input) => !input.checkValidity());
  for (const input of station.querySelectorAll("input, select")) input.classList.toggle("wrong", wrong.includes(input));
  if (wrong.length > 0) return null;
  const out = structuredClone(shipped);
  for (const line of el("rows").children) {
    const row = line.dataset.kind === "default" ? out.default : out[line.dataset.kind][Number(line.dataset.at)];
    const value = (name) => line.querySelector(`[name=${name}]`);
    row.see = value("see").value;
    row.threshold = Number(value("threshold").value);
    row.station = value("station").value;
    if (value("double")) row.double = value("double").checked;
    if (value("symbols")) row.symbols = value("symbols").checked;
  }
  for (const input of el("extra").querySelectorAll("input")) {
    const [part, name] = input.name.split(".");
    // A percent typed as 0.2 is 0.002, not 0.0020000000000000001.
    out[part][name] = "percent" in input.dataset ? Number((Number(input.value) / 100).toPrecision(9)) : Number(input.value);
  }
  return out;
}

function say(text) {
  el("status").textContent = text;
}

const lang = document.documentElement.lang || "ru";
const digits = (n, most) => n.toLocaleString(lang, { maximumFractionDigits: most });

function figures(answer) {
  el("none").hidden = answer.looked_at > 0;
  el("figures").hidden = answer.looked_at === 0;
  const basis = el("basis");
  basis.textContent = answer.looked_at > 0 ? basis.dataset.text.replace("{n}", digits(answer.looked_at, 0)).replace("{all}", digits(answer.pages, 0)) : "";
  el("figures").classList.toggle("changed", JSON.stringify(answer.now) !== JSON.stringify(answer.then));
  const scale = answer.looked_at > 0 ? answer.pages / answer.looked_at : 0;
  for (const cell of document.querySelectorAll("[data-show]")) {
    const [when, what] = cell.dataset.show.split(".");
    const load = answer[when];
    if (what === "share") cell.textContent = `${digits(load.filled > 0 ? (100 * load.shown_filled) / load.filled : 0, 2)} %`;
    else if (what === "hours") cell.textContent = digits(answer.hours[when], 1);
    else cell.textContent = digits(Math.round(load[what] * scale), 0);
  }
}

async function preview() {
  const wanted = table();
  if (!wanted) return say(texts.policy_wrong);
  const mine = ++asked;
  try {
    const answer = await call("POST", `${path}/preview`, { table: wanted });
    if (mine === asked) {
      figures(answer);
      say("");
    }
  } catch (error) {
    say(error.message);
  }
}

async function store(wanted) {
  el("save").disabled = true;
  try {
    await call("PUT", path, { table: wanted });
    sessionStorage.setItem("policy-saved", "1");
    location.reload();
  } catch (error) {
    say(error instanceof Refused ? error.message : `${error.message}`);
    el("save").disabled = false;
  }
}

/** Until it has reached every page. */
async function follow() {
  for (;;) {
    await new Promise((done) => setTimeout(done, 2000));
    const view = await peek(path).catch(() => ({ pending: true }));
    if (!view.pending) break;
  }
  el("pending").remove();
  if ("editable" in station.dataset) preview();
}

if ("editable" in station.dataset) {
  station.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(preview, 300);
  });
  el("save").addEventListener("click", () => {
    const wanted = table();
    if (!wanted) return say(texts.policy_wrong);
    if (JSON.stringify(wanted) === JSON.stringify(before)) return say(texts.policy_same);
    store(wanted);
  });
  el("back")?.addEventListener("click", () => store(null));
  if (sessionStorage.getItem("policy-saved")) {
    sessionStorage.removeItem("policy-saved");
    say(texts.policy_saved);
  }
  preview();
}
const before = table();
if (el("pending")) follow();
