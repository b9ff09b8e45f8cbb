// The cut-out of a field with its doubtful cells framed, and under every handwritten character what was read.
const PAD = 8;
/** Taller cells on the screen only take room. */
const TALLEST = 110;
/** Narrower cells cannot hold a character: then the characters stand in a row of their own. */
const NARROWEST = 15;
const UNDER = 46;

export class Strip {
  constructor(frame, strip, image, spots, cells) {
    Object.assign(this, { frame, strip, image, spots, cells, task: null, large: false, value: "", from: -1, to: -1 });
    addEventListener("resize", () => this.place());
  }

  /** Shows the picture of a task; true when it is on the screen. */
  async show(task, url, still) {
    this.task = task;
    this.large = false;
    this.image.hidden = true;
    this.place();
    const source = await url;
    if (!still()) return false;
    if (source) {
      this.image.src = source;
      await this.image.decode().catch(() => {});
      if (!still()) return false;
      this.image.hidden = false;
    }
    this.place();
    return true;
  }

  clear() {
    this.task = null;
    this.image.hidden = true;
    this.place();
  }

  zoom() {
    this.large = !this.large;
    this.place();
  }

  /** What stands in the input, and where its caret is. */
  draw(value, from = -1, to = -1) {
    Object.assign(this, { value, from, to });
    this.fill();
  }

  /** Cells in picture pixels; empty when nobody knows where they lie. */
  boxes() {
    const { task, image } = this;
    if (!task || image.hidden || !task.area?.[0]) return [];
    const [width, height] = task.area;
    // The margin is even; only to the right the picture may go on, where writing runs beyond the last cell.
    const margin = (image.naturalHeight - height) / 2;
    const even = (n) => Array.from({ length: n }, (_, i) => [i / n, 0, 1 / n, 1]);
    const spots = task.spots?.length ? task.spots : even(task.cells);
    return spots.map(([x, y, w, h]) => [margin + x * width, margin + y * height, w * width, h * height]);
  }

  place() {
    const { frame, strip, image, cells } = this;
    const boxes = this.boxes();
    const typed = this.task && ["cells", "code"].includes(this.task.kind);
    cells.hidden = !typed;
    const row = boxes.length > 0 && boxes.every((b) => Math.abs(b[1] - boxes[0][1]) < b[3] / 2);
    const room = [frame.clientWidth - 2 * PAD, frame.clientHeight - 2 * PAD - (typed ? UNDER : 0)];
    let scale = 1;
    if (!image.hidden && image.naturalWidth) {
      const fit = Math.min(room[0] / image.naturalWidth, room[1] / image.naturalHeight);
      const cap = this.task?.area?.[1] ? TALLEST / this.task.area[1] : 3;
      scale = Math.max(0.05, Math.min(fit, cap)) * (this.large ? 2 : 1);
      image.style.width = `${image.naturalWidth * scale}px`;
      image.style.height = `${image.naturalHeight * scale}px`;
      strip.style.width = `${image.naturalWidth * scale}px`;
    } else {
      strip.style.width = "";
    }
    this.boxesOnScreen = boxes.map((b) => b.map((v) => v * scale));
    this.aligned = row && this.boxesOnScreen.every((b) => b[2] >= NARROWEST);
    cells.classList.toggle("aligned", this.aligned);
    this.fill();
  }

  fill() {
    const { task, boxesOnScreen: boxes = [] } = this;
    const doubtful = new Set(task?.doubtful ?? []);
    const here = (i) => this.from >= 0 && i >= this.from && i < Math.max(this.to, this.from + 1);
    this.spots.replaceChildren(
      ...boxes.flatMap((box, i) => {
        if (!doubtful.has(i) && !here(i)) return [];
        const spot = document.createElement("div");
        spot.className = `spot${doubtful.has(i) ? " doubt" : ""}${here(i) ? " here" : ""}`;
        lay(spot, box, 3);
        return [spot];
      }),
    );
    const typed = task && !this.cells.hidden;
    const chars = typed ? [...this.value] : [];
    const count = typed ? Math.min(Math.max(task.cells, chars.length), 60) : 0;
    this.cells.replaceChildren(
      ...Array.from({ length: count }, (_, i) => {
        const cell = document.createElement("span");
        cell.textContent = chars[i] ?? "";
        if (doubtful.has(i)) cell.classList.add("doubt");
        if (/\p{L}/u.test(chars[i] ?? "")) cell.classList.add("letter");
        if (task.cells > 0 && i >= task.cells) cell.classList.add("over");
        if (here(i)) cell.classList.add("here");
        if (this.aligned) {
          const last = boxes.at(-1);
          const box = boxes[i] ?? [last[0] + (i - boxes.length + 1) * last[2], 0, last[2], 0];
          cell.style.left = `${box[0]}px`;
          cell.style.width = `${box[2]}px`;
        }
        return cell;
      }),
    );
  }
}

/** Lays an element over a box, a little larger than it. */
export function lay(element, [x, y, w, h], by = 0) {
  Object.assign(element.style, { left: `${x - by}px`, top: `${y - by}px`, width: `${w + 2 * by}px`, height: `${h + 2 * by}px` });
}
