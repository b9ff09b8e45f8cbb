// One packet: its sheets as small pictures, what is wrong with each and what to do; new scans go into the same packet.
import { peek, texts } from "./api.js";
import { el, lost, status } from "./station.js";
import { choose, startUploads } from "./upload.js";

/** Between two looks, ms. */
const PAUSE = 2000;

const { exam, id } = el("station").dataset;
const tiles = new Map();
let pages = [];
let at = null;
let before = "";

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

/** Everything that keeps the page fresh. */
async function refresh() {
  try {
    const got = await peek(`exams/${exam}/packets/${id}`);
    const now = JSON.stringify(got);
    if (now !== before) {
      before = now;
      show(got);
    }
    status("");
  } catch (error) {
    lost(error);
  }
}

function show(got) {
  pages = got.pages;
  const p = got.packet;
  for (const cell of document.querySelectorAll("[data-count]")) cell.textContent = p[cell.dataset.count];
  el("count-scanned").classList.toggle("off", p.scanned > 0 && p.scanned !== p.declared);
  el("count-aside").classList.toggle("off", p.set_aside > 0);
  el("empty").hidden = pages.length > 0;
  el("tiles").hidden = pages.length === 0;
  el("clean").hidden = got.summary.length > 0 || p.read === 0;
  el("unread").hidden = got.summary.length > 0 || p.read > 0;
  el("summary").replaceChildren(...got.summary.map(remark));
  el("rooms-box").hidden = got.rooms.length === 0;
  el("rooms").replaceChildren(...got.rooms.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  const kept = new Set(pages.map((page) => page.id));
  for (const [key, tile] of tiles) {
    if (kept.has(key)) continue;
    tile.remove();
    tiles.delete(key);
  }
  pages.forEach((page, i) => {
    if (!tiles.has(page.id)) tiles.set(page.id, makeTile(page.id));
    const tile = tiles.get(page.id);
    update(tile, page);
    if (el("tiles").children[i] !== tile) el("tiles").insertBefore(tile, el("tiles").children[i] ?? null);
  });
  if (!tiles.has(at)) at = (pages.find((page) => page.weight === "stops") ?? pages[0])?.id ?? null;
  detail();
}

/** A finding with its advice; in the summary with the sheets that it is about. */
function remark(found) {
  const line = document.createElement("li");
  line.className = found.weight;
  const title = document.createElement("b");
  title.textContent = found.title;
  line.append(title, ` — ${found.advice}`);
  if (found.figures) line.append(Object.assign(document.createElement("small"), { textContent: found.figures, lang: "ru" }));
  if (found.pages) {
    const about = document.createElement("small");
    about.append(`${texts.pg_sheets} `);
    found.pages.slice(0, 24).forEach((n) => {
      const jump = Object.assign(document.createElement("button"), { type: "button", className: "jump", textContent: String(n) });
      jump.addEventListener("click", () => go(n - 1));
      about.append(jump);
    });
    if (found.pages.length > 24) about.append(" …");
    line.append(about);
  }
  return line;
}

function makeTile(key) {
  const tile = document.createElement("button");
  tile.type = "button";
  tile.className = "sheet-tile";
  tile.setAttribute("role", "option");
  tile.dataset.id = key;
  const picture = document.createElement("span");
  picture.className = "small-picture";
  tile.append(picture, document.createElement("span"));
  tile.addEventListener("click", () => go(pages.findIndex((page) => page.id === key)));
  return tile;
}

function update(tile, page) {
  const [picture, name] = tile.children;
  if (tile.dataset.picture !== String(page.picture)) {
    tile.dataset.picture = String(page.picture);
    if (page.picture) {
      const img = Object.assign(document.createElement("img"), { src: page.picture, alt: "", loading: "lazy" });
      img.addEventListener("error", () => { picture.textContent = texts.pg_no_picture; });
      picture.replaceChildren(img);
    } else {
      picture.textContent = page.state === "read" ? texts.pg_no_picture : page.state_name;
    }
  }
  name.textContent = String(page.number);
  tile.className = `sheet-tile ${page.weight ?? ""} ${page.state}`;
  const words = [fill(texts.pg_sheet, { n: page.number }), page.state_name, ...page.findings.map((f) => f.title), ...page.troubles];
  tile.setAttribute("aria-label", words.join(", "));
}

function detail() {
  for (const [key, tile] of tiles) {
    tile.classList.toggle("here", key === at);
    tile.tabIndex = key === at ? 0 : -1;
    tile.setAttribute("aria-selected", String(key === at));
  }
  const page = pages.find((one) => one.id === at);
  el("detail").hidden = !page;
  if (!page) return;
  el("detail-title").textContent = fill(texts.pg_sheet, { n: page.number });
  const shown = el("detail-picture").firstElementChild;
  if (page.picture && shown.getAttribute("src") !== page.picture) shown.src = page.picture;
  el("detail-picture").hidden = !page.picture;
  el("detail-form").textContent = page.form ?? (page.state === "read" ? texts.pg_no_form : "");
  el("detail-state").textContent = page.reason ? `${page.state_name}: ${page.reason}` : page.state_name;
  el("detail-state").className = page.state === "set-aside" ? "bad" : "";
  // What the picture shows and what the senior is asked may be the same words.
  const asked = page.troubles.filter((text) => page.findings.every((f) => f.title !== text));
  const troubles = asked.map((text) => {
    const line = document.createElement("li");
    line.className = "stops";
    line.append(Object.assign(document.createElement("b"), { textContent: text }));
    return line;
  });
  const clean = Object.assign(document.createElement("li"), { className: "good", textContent: texts.pg_clean });
  const found = page.findings.map(remark);
  el("detail-remarks").replaceChildren(...troubles, ...(found.length > 0 || page.state !== "read" ? found : [clean]));
  el("detail-asked").textContent = page.open_tasks > 0 ? fill(texts.pg_asked, { n: page.open_tasks }) : "";
  el("detail-source").textContent = page.source;
}

function go(to) {
  const page = pages[Math.min(pages.length - 1, Math.max(0, to))];
  if (!page) return;
  at = page.id;
  detail();
  const tile = tiles.get(at);
  tile.focus({ preventScroll: true });
  tile.scrollIntoView({ block: "nearest" });
}

/** Tiles in a line of the grid. */
function across() {
  const all = [...el("tiles").children];
  const first = all[0]?.offsetTop;
  const next = all.findIndex((tile) => tile.offsetTop !== first);
  return next < 0 ? Math.max(1, all.length) : next;
}

/** The next sheet, round the end, that somebody should look at. */
function nextRemark() {
  const here = pages.findIndex((page) => page.id === at);
  const order = [...pages.slice(here + 1), ...pages.slice(0, here + 1)];
  const found = order.find((page) => page.weight === "stops" || page.weight === "again") ?? order.find((page) => page.weight);
  if (found) go(pages.indexOf(found));
}

function keys(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || el("help").open) return;
  const here = pages.findIndex((page) => page.id === at);
  const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across(), ArrowDown: across() };
  const button = event.target.matches?.("button:not(.sheet-tile)");
  if (event.key in moves) {
    const to = here + moves[event.key];
    if (to >= 0 && to < pages.length) go(to);
  } else if (event.key === "Home" || event.key === "End") go(event.key === "Home" ? 0 : pages.length - 1);
  else if (event.key === "Enter" && !button) nextRemark();
  else if (event.key === "Escape") location.href = "/operator";
  else if (event.key === "F1" || event.key === "?") el("help").showModal();
  else if (event.code === "KeyU" && el("drop")) choose(false);
  else if (event.code === "KeyD" && el("drop")) choose(true);
  else return;
  event.preventDefault();
}

document.addEventListener("keydown", keys);
el("do-help").addEventListener("click", () => el("help").showModal());
startUploads(refresh);
await refresh();
el("station").dataset.ready = "1";
setInterval(refresh, PAUSE);
