// One input for a `cells` or `code` field: only permitted symbols, doubtful characters marked.
import { texts } from "./api.js";

export class FieldInput {
  constructor(input, cells, note) {
    Object.assign(this, { input, cells, note, task: null, touched: new Set() });
    input.addEventListener("beforeinput", (event) => this.admit(event));
    input.addEventListener("input", () => this.draw());
    input.addEventListener("select", () => this.draw());
    document.addEventListener("selectionchange", () => { if (document.activeElement === input) this.draw(); });
  }

  show(task, value) {
    this.task = task;
    this.touched = new Set();
    this.input.value = value;
    this.say("");
    this.draw();
    this.input.focus();
    if (!this.toDoubt(-1)) this.input.select();
  }

  say(text) {
    this.note.textContent = text;
  }

  /** Selects the next doubtful character after `from`; false when there is none. */
  toDoubt(from) {
    const inside = this.task.doubtful.filter((i) => i < this.input.value.length);
    if (inside.length === 0) return false;
    const next = inside.find((i) => i > from) ?? inside[0];
    this.input.setSelectionRange(next, next + 1);
    return true;
  }

  nextDoubt() {
    const at = this.input.selectionEnd > this.input.selectionStart ? this.input.selectionStart : this.input.selectionStart - 1;
    this.toDoubt(at);
  }

  /** The character as the field takes it, or null. */
  fit(c) {
    const permitted = this.task.permitted;
    if (permitted === "" || c === " " || permitted.includes(c)) return c;
    for (const other of [c.toUpperCase(), c.toLowerCase()]) if (permitted.includes(other)) return other;
    return null;
  }

  admit(event) {
    if (event.data == null && !event.dataTransfer) return;
    const text = event.data ?? event.dataTransfer.getData("text/plain");
    event.preventDefault();
    const { input, task } = this;
    const fitted = [];
    for (const c of text) {
      const ok = this.fit(c);
      if (ok === null) {
        this.say(`${texts.not_permitted.replace("{c}", c)} ${task.permitted}`);
        return;
      }
      fitted.push(ok);
    }
    const length = input.value.length - (input.selectionEnd - input.selectionStart) + fitted.length;
    if (task.longest > 0 && length > task.longest) {
      this.say(texts.too_long.replace("{n}", task.cells));
      return;
    }
    this.say("");
    const at = input.selectionStart;
    input.setRangeText(fitted.join(""), at, input.selectionEnd, "end");
    // A doubtful character just typed over: go to the next one that was not yet touched.
    if (fitted.length === 1 && task.doubtful.includes(at)) {
      this.touched.add(at);
      const next = task.doubtful.find((i) => i > at && i < input.value.length && !this.touched.has(i));
      if (next !== undefined) input.setSelectionRange(next, next + 1);
    }
    this.draw();
  }

  draw() {
    if (!this.task) return;
    const value = [...this.input.value];
    const count = Math.min(Math.max(this.task.cells, value.length), 60);
    const boxes = [];
    for (let i = 0; i < count; i += 1) {
      const box = document.createElement("span");
      box.textContent = value[i] ?? "";
      if (this.task.doubtful.includes(i)) box.classList.add("doubt");
      if (i >= this.task.cells && this.task.cells > 0) box.classList.add("over");
      if (document.activeElement === this.input && i >= this.input.selectionStart && i < Math.max(this.input.selectionEnd, this.input.selectionStart + 1)) box.classList.add("here");
      boxes.push(box);
    }
    this.cells.replaceChildren(...boxes);
  }
}
