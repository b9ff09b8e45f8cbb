// A whole page in a frame: enlarged, turned, with the place of the field outlined.

export class Leaf {
  constructor(frame, table, leaf, image, mark) {
    Object.assign(this, { frame, table, leaf, image, mark, scale: 1, turns: 0, at: null });
    addEventListener("resize", () => this.place());
  }

  clear() {
    Object.assign(this, { scale: 1, turns: 0, at: null });
    this.image.hidden = true;
    this.mark.hidden = true;
    this.table.style.width = this.table.style.height = "";
  }

  /** True when the page is on the screen, false when it cannot be shown, null when another one was wanted meanwhile. */
  async show(url, at, still) {
    const source = await url;
    if (!still()) return null;
    if (!source) return false;
    this.image.src = source;
    await this.image.decode().catch(() => {});
    if (!still()) return null;
    this.image.hidden = false;
    this.at = at;
    this.place();
    this.reveal();
    return true;
  }

  zoom(by) {
    this.scale = Math.min(6, Math.max(0.2, this.scale * by));
    this.place();
    this.reveal();
  }

  fit() {
    this.scale = 1;
    this.place();
  }

  turn() {
    this.turns = (this.turns + 1) % 4;
    this.place();
  }

  /** Brings the field's place into view. */
  reveal() {
    if (this.at) this.mark.scrollIntoView({ block: "center", inline: "center" });
  }

  place() {
    const { image, frame, table, leaf, mark, at } = this;
    if (image.hidden || !image.naturalWidth) return;
    const odd = this.turns % 2 === 1;
    const scale = (this.scale * (frame.clientWidth - 4)) / (odd ? image.naturalHeight : image.naturalWidth);
    const [w, h] = [image.naturalWidth * scale, image.naturalHeight * scale];
    Object.assign(leaf.style, { width: `${w}px`, height: `${h}px`, transform: `translate(-50%, -50%) rotate(${this.turns * 90}deg)` });
    Object.assign(table.style, { width: `${odd ? h : w}px`, height: `${odd ? w : h}px` });
    mark.hidden = !at;
    if (at) {
      const [x, y, bw, bh] = at;
      Object.assign(mark.style, { left: `${x * w - 4}px`, top: `${y * h - 4}px`, width: `${bw * w + 8}px`, height: `${bh * h + 8}px` });
    }
  }
}
