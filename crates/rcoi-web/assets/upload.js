// Sends files one by one, with a bar for each and for all: cancelled, tried again, told in words what became of them.
import { texts } from "./api.js";
import { el } from "./station.js";

/** Files on their way at the same time. */
const AT_ONCE = 2;
/** Lines on the screen; the others are counted. */
const LINES = 8;
/** Pauses before further tries when the line is lost, ms. */
const AGAIN = [1000, 3000, 9000];
/** What systems leave in folders. */
const SYSTEM = /^(\..*|thumbs\.db|desktop\.ini|__macosx)$/i;
const PACKET = /^\d{4}-[\p{L}\p{N}]{1,4}(\.[^.]*)?$/u;

const items = [];
const lines = new Map();
let skipped = 0;
let onTaken = () => {};
let drawing = false;

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const isOpen = (item) => item.state === "waiting" || item.state === "sending";

/** Makes the drop zone, the buttons and the inputs work; `taken` is called after each file that was taken in. */
export function startUploads(taken) {
  onTaken = taken;
  const zone = el("drop");
  if (!zone) return;
  el("do-files").addEventListener("click", () => el("files").click());
  el("do-folder").addEventListener("click", () => el("folder").click());
  for (const id of ["files", "folder"])
    el(id).addEventListener("change", () => {
      add([...el(id).files].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
      el(id).value = "";
    });
  // Anywhere on the page: a file that misses the zone would replace the page.
  for (const kind of ["dragenter", "dragover"])
    document.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      zone.classList.add("over");
    });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) zone.classList.remove("over");
  });
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    // The entries are gone after the first pause.
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const files = [...event.dataTransfer.files];
    const found = [];
    for (const entry of entries) await walk(entry, found);
    add(entries.length > 0 ? found : files.map((file) => ({ file, path: file.name })));
  });
  el("do-cancel").addEventListener("click", () => items.filter(isOpen).forEach(cancel));
  el("do-retry").addEventListener("click", () => items.filter((i) => i.state === "failed").forEach(retry));
  window.addEventListener("beforeunload", (event) => {
    if (items.some(isOpen)) event.preventDefault();
  });
}

/** Opens the chooser of files, or of a folder. */
export function choose(folder) {
  el(folder ? "folder" : "files")?.click();
}

async function walk(entry, found) {
  if (SYSTEM.test(entry.name)) {
    skipped += 1;
  } else if (entry.isFile) {
    const file = await new Promise((done) => entry.file(done, () => done(null)));
    if (file) found.push({ file, path: entry.fullPath.replace(/^\//, "") });
  } else {
    const reader = entry.createReader();
    for (;;) {
      // At most a hundred come at a time.
      const part = await new Promise((done) => reader.readEntries(done, () => done([])));
      if (part.length === 0) break;
      for (const inner of part) await walk(inner, found);
    }
  }
}

function add(found) {
  const fine = found.filter(({ path }) => !path.split("/").some((part) => SYSTEM.test(part)));
  skipped += found.length - fine.length;
  // The order of scanning is the order of names.
  fine.sort((a, b) => a.path.localeCompare(b.path, undefined, { numeric: true }));
  for (const { file, path } of fine) items.push({ file, path, state: "waiting", sent: 0, note: texts.up_waits, tries: 0 });
  next();
  draw();
}

/** Why a file is not even sent; null when it is. */
function hopeless(item) {
  const most = Number(el("station").dataset.most);
  if (!el("exam")?.value) return texts.up_no_exam;
  if (item.file.size === 0) return texts.up_empty;
  if (item.file.size > most) return fill(texts.up_large, { n: Math.floor(most / 1048576) });
  const named = item.path.split("/").some((part) => PACKET.test(part)) || /\.zip$/i.test(item.path);
  if (!named && !el("packet").value.trim()) {
    el("packet").focus();
    return texts.up_no_packet;
  }
  return null;
}

function next() {
  while (items.filter((i) => i.state === "sending").length < AT_ONCE) {
    const item = items.find((i) => i.state === "waiting");
    if (!item) return;
    const why = hopeless(item);
    if (why === null) send(item);
    else fail(item, why);
  }
}

function send(item) {
  item.state = "sending";
  item.note = "";
  item.sent = 0;
  const asked = new URLSearchParams({ path: item.path, packet: el("packet").value.trim() });
  const request = new XMLHttpRequest();
  item.request = request;
  request.open("POST", `/api/v1/exams/${el("exam").value}/files?${asked}`);
  request.setRequestHeader("x-csrf-token", el("station").dataset.csrf);
  request.setRequestHeader("content-type", "application/octet-stream");
  request.responseType = "json";
  request.upload.addEventListener("progress", (event) => {
    item.sent = event.loaded;
    draw();
  });
  request.addEventListener("load", () => answered(item, request.status, request.response ?? {}));
  request.addEventListener("error", () => lostLine(item, texts.up_offline));
  request.send(item.file);
  draw();
}

function answered(item, status, answer) {
  if (status === 401) {
    fail(item, answer.message ?? "");
    location.href = "/login";
  } else if (status >= 500) {
    lostLine(item, answer.message ?? texts.up_offline);
  } else if (status >= 400) {
    fail(item, answer.message ?? String(status));
  } else {
    const why = answer.files?.find((f) => f.reason)?.reason ?? "";
    const pages = answer.files?.reduce((sum, f) => sum + f.new, 0) ?? 0;
    const say = { taken: texts.up_taken, known: texts.up_known, "set-aside": texts.up_aside, refused: texts.up_some };
    item.state = answer.outcome === "taken" || answer.outcome === "known" ? "done" : "aside";
    item.note = fill(say[answer.outcome] ?? "", { n: pages, why });
    item.sent = item.file.size;
    item.file = { size: item.file.size };
    onTaken();
    next();
    draw();
  }
}

/** The same file again is the same pages: a lost answer costs nothing. */
function lostLine(item, why) {
  if (item.state !== "sending") return;
  if (item.tries >= AGAIN.length) {
    fail(item, why);
    return;
  }
  const pause = AGAIN[item.tries];
  item.tries += 1;
  item.note = fill(texts.up_again, { n: item.tries + 1 });
  item.sent = 0;
  setTimeout(() => { if (item.state === "sending") send(item); }, pause);
  draw();
}

function fail(item, why) {
  item.state = "failed";
  item.note = fill(texts.up_failed, { why });
  item.sent = 0;
  next();
  draw();
}

function cancel(item) {
  item.state = "cancelled";
  item.note = texts.up_cancelled;
  item.sent = 0;
  item.request?.abort();
  next();
  draw();
}

function retry(item) {
  item.state = "waiting";
  item.note = texts.up_waits;
  item.tries = 0;
  next();
  draw();
}

/** Once a frame at most. */
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    paint();
  });
}

const RANK = { sending: 0, failed: 1, aside: 2, waiting: 3, done: 4, cancelled: 5 };

function paint() {
  el("sending").hidden = items.length === 0;
  const counted = items.filter((i) => i.state !== "cancelled");
  const all = counted.reduce((sum, i) => sum + i.file.size, 0);
  el("sent").max = Math.max(1, all);
  el("sent").value = counted.reduce((sum, i) => sum + i.sent, 0);
  const done = counted.filter((i) => i.state === "done" || i.state === "aside").length;
  const failed = counted.filter((i) => i.state === "failed").length;
  const open = items.some(isOpen);
  const parts = [open ? fill(texts.up_sum, { done, all: counted.length }) : fill(texts.up_all_done, { n: done })];
  if (failed) parts.push(fill(texts.up_bad, { n: failed }));
  if (skipped) parts.push(fill(texts.up_skipped, { n: skipped }));
  const text = parts.join(" · ");
  if (el("sent-text").textContent !== text) el("sent-text").textContent = text;
  el("sent-text").classList.toggle("bad", failed > 0);
  el("do-cancel").hidden = !open;
  el("do-retry").hidden = failed === 0;
  // The last ones of those that are done, the first ones of all others.
  const order = items.map((item, i) => [RANK[item.state], item.state === "done" ? -i : i, item]);
  const shown = order.sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, LINES).map((o) => o[2]);
  for (const [item, line] of lines) {
    if (shown.includes(item)) continue;
    line.remove();
    lines.delete(item);
  }
  shown.forEach((item, at) => {
    if (!lines.has(item)) lines.set(item, makeLine(item));
    const line = lines.get(item);
    update(line, item);
    const box = el("sending-rows");
    if (box.children[at] !== line) box.insertBefore(line, box.children[at] ?? null);
  });
}

function makeLine(item) {
  const line = document.createElement("li");
  const name = document.createElement("code");
  name.textContent = item.path;
  const bar = document.createElement("progress");
  bar.max = Math.max(1, item.file.size);
  bar.setAttribute("aria-label", item.path);
  const note = document.createElement("span");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small";
  button.addEventListener("click", () => (isOpen(item) ? cancel(item) : retry(item)));
  line.append(name, bar, note, button);
  return line;
}

function update(line, item) {
  const [, bar, note, button] = line.children;
  line.className = item.state;
  bar.value = item.sent;
  bar.hidden = !isOpen(item);
  if (note.textContent !== item.note) note.textContent = item.note;
  button.hidden = item.state !== "failed" && !isOpen(item);
  button.textContent = isOpen(item) ? texts.up_cancel : texts.up_retry;
}
