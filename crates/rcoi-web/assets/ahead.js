// Pictures fetched ahead of their task. One that did not come for want of a connection is fetched again when it is asked for.
import { Refused, picture } from "./api.js";

export class Ahead {
  /** Begins to fetch; no path: there is no picture. `after`: a promise to wait for first. */
  constructor(path, after = Promise.resolve()) {
    Object.assign(this, { path, after, flight: null, lost: false });
    this.get();
  }

  /** Its object URL, or null: there is none, or it did not come; then `lost` is true, and the next call fetches anew. */
  get() {
    if (!this.path) return Promise.resolve(null);
    this.flight ??= this.fetch();
    return this.flight;
  }

  async fetch() {
    this.lost = false;
    await this.after;
    try {
      return await picture(this.path);
    } catch (error) {
      // Refused is an answer; a failing server is like a lost line.
      this.lost = !(error instanceof Refused && error.status < 500);
      if (this.lost) this.flight = null;
      return null;
    }
  }

  /** The picture is not needed any more. */
  async drop() {
    const url = await this.flight;
    if (url) URL.revokeObjectURL(url);
    this.flight = null;
  }
}
