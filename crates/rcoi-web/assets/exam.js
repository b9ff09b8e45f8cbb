// Keeps the head's page fresh: a running clock, counts in place, a reload when what blocks or what was built has changed.
import { Refused, call, peek, texts } from "./api.js";
import { present } from "./station.js";

const section = document.getElementById("station");
const building = document.getElementById("building");
let shape = null;
let since = null;

const two = (n) => String(n).padStart(2, "0");

function tick() {
  for (const clock of document.querySelectorAll("[data-ends]")) {
    const left = Math.floor(Number(clock.dataset.ends) - Date.now() / 1000);
    if (left <= 0) {
      clock.textContent = texts.overdue;
      clock.className = "clock big late";
    } else {
      const days = Math.floor(left / 86400);
      clock.textContent = `${days > 0 ? `${days} ${texts.days} ` : ""}${two(Math.floor(left / 3600) % 24)}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
    }
  }
  if (since !== null) {
    const seconds = Math.floor((performance.now() - since) / 1000);
    document.getElementById("building-time").textContent = `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  }
}

function busy(seconds) {
  if (!building) return;
  building.hidden = seconds === null;
  since = seconds === null ? null : performance.now() - seconds * 1000;
  for (const button of section.querySelectorAll("#acts button")) if (seconds !== null) button.disabled = true;
  tick();
}

async function look() {
  const exam = await peek(`exams/${section.dataset.exam}`);
  for (const cell of section.querySelectorAll("[data-count]")) cell.textContent = exam[cell.dataset.count];
  if (since === null && exam.building_seconds !== null) busy(exam.building_seconds);
  const now = JSON.stringify([exam.state, exam.blocks, exam.packages, exam.building_seconds !== null]);
  if (shape !== null && shape !== now && !document.activeElement?.closest("form")) location.reload();
  shape ??= now;
}

async function pack(event) {
  event.preventDefault();
  busy(0);
  try {
    await call("POST", `exams/${section.dataset.exam}/package`, {});
    location.reload();
  } catch (error) {
    busy(null);
    document.getElementById("package").disabled = false;
    document.getElementById("note").textContent = error instanceof Refused ? error.message : texts.offline;
  }
}

if (section) {
  if (section.dataset.building) busy(Number(section.dataset.building));
  document.getElementById("package")?.addEventListener("click", pack);
  // A second press while the first is under way would only repeat the work.
  for (const form of section.querySelectorAll("form"))
    form.addEventListener("submit", () => setTimeout(() => form.querySelectorAll("button").forEach((b) => { b.disabled = true; }), 0));
  look().catch(() => {});
  setInterval(() => look().catch(() => {}), 5000);
  tick();
  setInterval(tick, 1000);
} else {
  // The list of exams: drawn anew each half minute, unless somebody is walking through it by keyboard.
  setInterval(() => { if (present() && document.activeElement === document.body) location.reload(); }, 30000);
}
