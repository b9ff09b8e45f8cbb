// The operator's list: packets as they come, with what they declare and what came; files dropped here go into them.
import { peek, texts } from "./api.js";
import { el, lost, status } from "./station.js";
import { choose, startUploads } from "./upload.js";

/** Between two looks, ms. */
const PAUSE = 2000;

const rows = new Map();
let exams = [];
let seen = "";
let at = null;

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

/** How long ago a moment was, in one number. */
export function ago(seconds) {
  const past = Math.max(0, Math.floor(Date.now() / 1000 - seconds));
  if (past < 60) return texts.ago_now;
  if (past < 3600) return fill(texts.ago_min, { n: Math.floor(past / 60) });
  if (past < 86400) return fill(texts.ago_hours, { n: Math.floor(past / 3600) });
  return fill(texts.ago_days, { n: Math.floor(past / 86400) });
}

/** How a packet stands: words and how they look. */
function standing(p) {
  if (p.scanned === 0) return [texts.pk_none, "muted"];
  if (p.waiting > 0) return [fill(texts.pk_reading, { n: p.waiting }) + (p.raised ? ` · ${texts.pk_raised}` : ""), "chip"];
  if (p.scanned < p.declared) return [fill(texts.pk_less, { n: p.declared - p.scanned }), "chip off"];
  if (p.scanned > p.declared) return [fill(texts.pk_more, { n: p.scanned - p.declared }), "chip off"];
  return [texts.pk_well, "chip good"];
}

/** Everything that keeps the page fresh. */
async function refresh() {
  try {
    const got = await peek(`intake?seen=${seen}`);
    showWatch(got.watch);
    if (got.same) {
      ages();
    } else {
      seen = got.tag;
      exams = got.exams;
      show();
    }
    status("");
  } catch (error) {
    lost(error);
  }
}

function show() {
  const box = el("exams");
  const wanted = el("find").value.trim().toLowerCase();
  const head = box.dataset.head.split("|");
  const kept = new Set();
  for (const exam of exams) {
    let table = el(`exam-${exam.id}`);
    if (!table) {
      table = makeExam(exam, head);
      box.append(table);
    }
    table.querySelector(".chip").textContent = exam.state_name;
    table.querySelector(".chip").classList.toggle("good", exam.state !== "open");
    const body = table.querySelector("tbody");
    let place = 0;
    for (const packet of exam.packets) {
      if (wanted && !packet.name.toLowerCase().includes(wanted)) continue;
      kept.add(packet.id);
      if (!rows.has(packet.id)) rows.set(packet.id, makeRow(exam, packet));
      const row = rows.get(packet.id);
      update(row, packet);
      if (body.children[place] !== row) body.insertBefore(row, body.children[place] ?? null);
      place += 1;
    }
    table.querySelector(".none").hidden = place > 0;
  }
  for (const [id, row] of rows) {
    if (kept.has(id)) continue;
    row.remove();
    rows.delete(id);
  }
  const vacant = box.querySelector(".vacant");
  vacant.hidden = exams.length > 0;
  vacant.textContent = vacant.dataset.none;
  const names = exams.filter((e) => e.id === el("exam")?.value).flatMap((e) => e.packets.map((p) => p.name));
  if (el("packets") && el("packets").children.length !== names.length)
    el("packets").replaceChildren(...names.map((name) => Object.assign(document.createElement("option"), { value: name })));
  if (!rows.has(at)) at = rows.keys().next().value ?? null;
  for (const [id, row] of rows) row.tabIndex = id === at ? 0 : -1;
}

function makeExam(exam, head) {
  const part = document.createElement("section");
  part.id = `exam-${exam.id}`;
  const title = document.createElement("h2");
  const about = document.createElement("span");
  about.className = "muted";
  about.textContent = `${exam.subject} · ${exam.date}`;
  const chip = document.createElement("span");
  chip.className = "chip";
  title.append(`${exam.subject_name} `, about, " ", chip);
  const scroll = document.createElement("div");
  scroll.className = "scroll";
  const table = document.createElement("table");
  table.className = "packets";
  const heads = document.createElement("tr");
  head.forEach((text, i) => {
    const cell = document.createElement("th");
    cell.textContent = text;
    if (i > 0 && i < 8) cell.className = "n";
    heads.append(cell);
  });
  table.createTHead().append(heads);
  table.createTBody();
  const none = document.createElement("p");
  none.className = "muted none";
  none.textContent = texts.pk_no_match;
  scroll.append(table, none);
  part.append(title, scroll);
  return part;
}

function makeRow(exam, packet) {
  const row = document.createElement("tr");
  row.dataset.id = packet.id;
  const cells = Array.from({ length: 10 }, (_, i) => {
    const cell = row.insertCell();
    if (i > 0 && i < 8) cell.className = "n";
    return cell;
  });
  const link = document.createElement("a");
  link.className = "name";
  link.href = `/operator/${exam.id}/${packet.id}`;
  link.textContent = packet.name;
  link.tabIndex = -1;
  cells[0].append(link);
  cells[9].append(document.createElement("span"));
  row.addEventListener("focus", () => { at = packet.id; });
  row.addEventListener("click", (event) => { if (event.target !== link) location.href = link.href; });
  return row;
}

function put(cell, text) {
  if (cell.textContent !== text) cell.textContent = text;
}

function update(row, p) {
  row.packet = p;
  const c = row.cells;
  [p.declared, p.scanned, p.waiting, p.read, p.doubtful, p.set_aside, p.found].forEach((n, i) => put(c[i + 1], String(n)));
  c[2].classList.toggle("strong", p.scanned > 0 && p.scanned !== p.declared);
  c[6].classList.toggle("strong", p.set_aside > 0);
  const [text, look] = standing(p);
  put(c[9].firstChild, text);
  c[9].firstChild.className = look;
  row.classList.toggle("off", p.set_aside > 0 || (p.scanned > 0 && p.waiting === 0 && p.scanned !== p.declared));
  row.classList.toggle("vain", p.scanned === 0);
  age(row);
}

function age(row) {
  put(row.cells[8], row.packet.last === null ? "—" : ago(row.packet.last));
}

const ages = () => rows.forEach(age);

function showWatch(watch) {
  el("watch").hidden = !watch;
  if (!watch) return;
  put(el("watch-folder"), watch.folder);
  const say = el("watch-say").dataset;
  const parts = [];
  if (watch.looked !== null) parts.push(`${say.looked} ${ago(watch.looked)}`);
  parts.push(`${say.taken} ${watch.taken}`);
  if (watch.waiting > 0) parts.push(`${say.waiting} ${watch.waiting}`);
  put(el("watch-say"), parts.join(" · "));
  el("watch-fault").hidden = !watch.fault;
  put(el("watch-fault"), watch.fault ?? "");
  const lines = watch.troubles.map((t) => `${t.file} — ${t.why}`);
  if (el("watch-troubles").dataset.shown === lines.join("\n")) return;
  el("watch-troubles").dataset.shown = lines.join("\n");
  el("watch-troubles").replaceChildren(
    ...watch.troubles.map((t) => {
      const line = document.createElement("li");
      const name = document.createElement("code");
      name.textContent = t.file;
      line.append(name, ` — ${t.why}`);
      return line;
    }),
  );
}

function step(by) {
  const all = [...document.querySelectorAll("#exams tbody tr")];
  if (all.length === 0) return;
  const here = all.findIndex((row) => row.dataset.id === at);
  const focused = document.activeElement?.closest?.("tr") !== null && document.activeElement !== document.body;
  const to = focused ? Math.min(all.length - 1, Math.max(0, here + by)) : Math.max(0, here);
  rows.get(at)?.setAttribute("tabindex", "-1");
  at = all[to].dataset.id;
  all[to].tabIndex = 0;
  all[to].focus();
}

function keys(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || el("help").open) return;
  const writing = event.target.matches?.("input, select, textarea");
  if (event.key === "F1" || (event.key === "?" && !writing)) {
    el("help").showModal();
  } else if (event.key === "Escape" && writing) {
    if (event.target === el("find")) el("find").value = "";
    event.target.blur();
    show();
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && (!writing || event.target === el("find"))) {
    step(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && (event.target.matches?.("tr") || event.target === el("find"))) {
    const link = rows.get(at)?.querySelector("a");
    if (link) location.href = link.href;
  } else if (writing) {
    return;
  } else if (event.key === "/" || event.code === "Slash") {
    el("find").focus();
  } else if (event.code === "KeyU" && el("drop")) {
    choose(false);
  } else if (event.code === "KeyD" && el("drop")) {
    choose(true);
  } else {
    return;
  }
  event.preventDefault();
}

document.addEventListener("keydown", keys);
el("do-help").addEventListener("click", () => el("help").showModal());
el("find").addEventListener("input", show);
el("exam")?.addEventListener("change", show);
startUploads(refresh);
await refresh();
el("station").dataset.ready = "1";
setInterval(refresh, PAUSE);
