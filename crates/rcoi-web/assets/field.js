// One input for a `cells` or `code` field: only permitted symbols, the caret on what is doubtful.
import { texts } from "./api.js";

/** Letters of the Russian layout by physical key: a letter typed in the wrong layout is still the letter meant. */
export const KEYS = {
  KeyQ: "Й", KeyW: "Ц", KeyE: "У", KeyR: "К", KeyT: "Е", KeyY: "Н", KeyU: "Г", KeyI: "Ш", KeyO: "Щ", KeyP: "З", BracketLeft: "Х",
  BracketRight: "Ъ", KeyA: "Ф", KeyS: "Ы", KeyD: "В", KeyF: "А", KeyG: "П", KeyH: "Р", KeyJ: "О", KeyK: "Л", KeyL: "Д", Semicolon: "Ж",
  Quote: "Э", KeyZ: "Я", KeyX: "Ч", KeyC: "С", KeyV: "М", KeyB: "И", KeyN: "Т", KeyM: "Ь", Comma: "Б", Period: "Ю", Backquote: "Ё",
};

export const LETTER = /\p{L}/u;

/** `0123456789,-` → `0–9`, `,`, `-`: three and more neighbours are a range. */
function parts(symbols) {
  const codes = [...new Set(symbols)].map((c) => c.codePointAt(0)).sort((a, b) => a - b);
  const kind = (c) => (/\d/u.test(c) ? 1 : LETTER.test(c) ? 2 : 0);
  const found = [];
  for (let i = 0; i < codes.length; ) {
    let end = i;
    const first = String.fromCodePoint(codes[i]);
    while (kind(first) && codes[end + 1] === codes[end] + 1 && kind(String.fromCodePoint(codes[end + 1])) === kind(first)) end += 1;
    if (end - i >= 2) found.push([kind(first), `${first}–${String.fromCodePoint(codes[end])}`]);
    else for (let k = i; k <= end; k += 1) found.push([kind(first), String.fromCodePoint(codes[k])]);
    i = end + 1;
  }
  // Digits, letters, signs.
  const order = (k) => [2, 0, 1][k];
  return found.sort((a, b) => order(a[0]) - order(b[0])).map((p) => p[1]);
}

/** Permitted symbols in a sentence. */
const ranges = (symbols) => parts(symbols).join("  ");

/** Why a character is not taken. */
export const notPermitted = (c, permitted) => `${texts.not_permitted.replace("{c}", c)} ${ranges(permitted)}`;

/** Shows the permitted symbols, letters in the colour of letters. */
export function showPermitted(place, symbols) {
  const shown = parts(symbols).map((text) => {
    const part = document.createElement("b");
    part.textContent = text;
    part.classList.toggle("letter", LETTER.test(text));
    return part;
  });
  place.replaceChildren(...(shown.length > 0 ? [`${place.dataset.label}:`, ...shown] : []));
}

export class FieldInput {
  constructor(input, note, onDraw) {
    Object.assign(this, { input, note, onDraw, task: null, touched: new Set(), shown: "", key: "" });
    input.addEventListener("keydown", (event) => { this.key = event.code; });
    input.addEventListener("beforeinput", (event) => this.admit(event));
    input.addEventListener("input", () => this.draw());
    document.addEventListener("selectionchange", () => { if (document.activeElement === input) this.draw(); });
  }

  show(task, value) {
    Object.assign(this, { task, touched: new Set(), shown: value });
    this.input.value = value;
    this.say("");
    this.input.focus();
    // At the end, not over the whole: one slip of a key must not wipe out a value.
    if (!this.toDoubt(-1)) this.input.setSelectionRange(value.length, value.length);
    this.draw();
  }

  /** Was anything typed since the field was shown? */
  get dirty() {
    return Boolean(this.task) && this.input.value !== this.shown;
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

  /** True when every character may stand here; else the caret goes to the first that may not, and the note says why. */
  fits() {
    const { permitted } = this.task;
    const odd = permitted === "" ? -1 : [...this.input.value].findIndex((c) => c !== " " && !permitted.includes(c));
    if (odd < 0) return true;
    this.input.focus();
    this.input.setSelectionRange(odd, odd + 1);
    this.say(notPermitted(this.input.value[odd], permitted));
    return false;
  }

  /** The character as the field takes it, or null. */
  fit(c) {
    const permitted = this.task.permitted;
    if (permitted === "" || c === " " || permitted.includes(c)) return c;
    const others = [c.toUpperCase(), c.toLowerCase()];
    if (/[a-z[\];',.`]/i.test(c) && KEYS[this.key]) others.push(KEYS[this.key], KEYS[this.key].toLowerCase());
    return others.find((other) => permitted.includes(other)) ?? null;
  }

  admit(event) {
    if (event.data == null && !event.dataTransfer) return;
    const text = event.data ?? event.dataTransfer.getData("text/plain");
    event.preventDefault();
    const { input, task } = this;
    if (text.length > 1) this.key = "";
    const fitted = [];
    for (const c of text) {
      const ok = this.fit(c);
      if (ok === null) {
        this.say(notPermitted(c, task.permitted));
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
    const { input } = this;
    const focused = document.activeElement === input;
    this.onDraw(input.value, focused ? input.selectionStart : -1, focused ? input.selectionEnd : -1);
  }
}
