// The flow of work through a verifier's station: what comes next is claimed ahead, answers travel while the next task stands
// there already, the last one can be taken back. The stations differ in what they show and send, and that stays with them.
import { Refused, call, sendVerdict, sleep, texts } from "./api.js";
import { el, lost, present, regained, status, tally } from "./station.js";

/** What is in hand is claimed anew this often, so that its lease does not lapse over a long look. */
const RENEW = 60_000;
/** How often a station without work asks for some, and a picture that did not come is fetched again. */
const ASK = 4000;
/** Nothing is answered sooner after it appeared, ms: nobody reads that fast, but fingers bounce. */
const DWELL = 350;

/** Claims and undos one at a time, answers on their way, the tally of both. A station says how it claims, shows and is idle. */
export class Flow {
  /** `left(progress)`: the part of all open work that is this station's. */
  constructor(left) {
    Object.assign(this, { left, open: 0, done: 0, away: 0, flights: new Set(), claiming: false, undoing: false });
  }

  count() {
    tally(Math.max(0, this.open - this.away), this.done);
  }

  /** The server said what is open. */
  heard(progress) {
    this.open = this.left(progress);
    this.count();
  }

  /** Claims work and, when nothing is before the person, shows the first. */
  async refill(...wish) {
    if (this.claiming) return;
    this.claiming = true;
    try {
      await this.claim(...wish);
      regained(this.flights);
      this.count();
      if (this.idle()) this.next();
    } catch (error) {
      lost(error);
    } finally {
      this.claiming = false;
    }
  }

  /**
   * Follows an answer to the server; `weight`: how much work it settles. `stored(answer)`: it is there, returns what to say;
   * `gone()`: it is not, and in nobody's hands; `refused(why)`: back in front of the person.
   */
  follow(sending, weight, { stored, gone = () => undefined, refused }) {
    this.away += weight;
    this.done += weight;
    status(texts.saving);
    const flight = sending
      .then((answer) => {
        this.open = this.left(answer.progress);
        status(stored(answer));
      })
      .catch((error) => {
        this.done -= weight;
        gone();
        if (error instanceof Refused && error.status === 409) {
          status(texts.lost, true);
        } else if (error instanceof Refused && error.status !== 401) {
          status("");
          refused(`${texts.refused} ${error.message}`);
        } else {
          lost(error);
        }
      })
      .finally(() => {
        this.away -= weight;
        this.flights.delete(flight);
        this.count();
      });
    this.flights.add(flight);
    this.count();
  }

  /** Takes the last answer back, once nothing is on its way any more; `returned(answer)` puts it before the person. */
  async undo(path, returned) {
    if (this.undoing) return;
    this.undoing = true;
    try {
      await Promise.all(this.flights);
      const got = await call("POST", path);
      this.open = this.left(got.progress);
      await returned(got);
    } catch (error) {
      lost(error);
    } finally {
      this.undoing = false;
      this.count();
    }
  }

  /** Somebody is there and the network may be back: what did not come is fetched again. */
  again() {}

  /** Leases begin anew; a station without work asks for some. */
  async renew() {
    await this.refill();
  }

  /** Runs the station for as long as its page is open. */
  async run() {
    addEventListener("beforeunload", (event) => { if (this.flights.size > 0) event.preventDefault(); });
    addEventListener("online", () => this.again());
    document.addEventListener("progress", (event) => this.heard(event.detail));
    await this.refill();
    if (this.idle()) this.draw();
    for (let waited = 0; ; waited += ASK) {
      await sleep(ASK);
      if (!present()) continue;
      this.again();
      if (this.idle() || waited >= RENEW) {
        waited = 0;
        await this.renew();
      }
    }
  }
}

/** One task after another. */
export class TaskFlow extends Flow {
  /**
   * `ahead`: tasks in hand beside the one shown. `claims(n)`: path and body of a claim of so many; `fits(task)`: is it this station's?
   * `undoes`: path of the undo, `elsewhere`: what is said when that was another station's. `prepare(task)`: begins to fetch its
   * pictures, `pictures(task)`: which they are. `draw(task)`: a task, or null, comes before the person; `show(task)`: its pictures do.
   * `returned(task, act)`: a refused answer comes back.
   */
  constructor(station) {
    super(station.left);
    Object.assign(this, { station, queue: [], current: null });
    /** Tasks in hand or on their way. */
    this.known = new Set();
    /** Tasks settled since the last claim was sent: its answer may still offer them. */
    this.settled = new Set();
  }

  idle() {
    return !this.current;
  }

  draw() {
    this.station.draw(this.current);
  }

  take(task) {
    this.known.add(task.id);
    this.station.prepare(task);
    return task;
  }

  async claim() {
    this.settled.clear();
    const got = await call("POST", ...this.station.claims(this.station.ahead + this.flights.size));
    this.open = this.left(got.progress);
    for (const task of got.tasks) {
      if (this.station.fits(task) && !this.known.has(task.id) && !this.settled.has(task.id)) this.queue.push(this.take(task));
    }
  }

  next() {
    this.current = this.queue.shift() ?? null;
    this.draw();
    if (this.queue.length < this.station.ahead / 2) this.refill();
  }

  /** The pictures of the task before the person are there: soon he may answer. `still()`: nothing else is shown meanwhile. */
  async ready(task, still) {
    await sleep(DWELL);
    if (!still()) return;
    task.seen = true;
    el("station").dataset.ready = task.id;
  }

  /** Did its pictures not come? Such a task can be passed on, but not answered. */
  lacks(task) {
    return this.station.pictures(task).some((picture) => picture.lost);
  }

  again() {
    for (const task of this.queue) for (const picture of this.station.pictures(task)) if (picture.lost) picture.get();
    if (this.current && this.lacks(this.current)) this.station.show(this.current);
  }

  /** Sends an act on the task, which is before the person still, and shows the next one. */
  send(act, task) {
    if (!task || task !== this.current) return;
    const over = () => {
      this.known.delete(task.id);
      this.settled.add(task.id);
    };
    const sending = sendVerdict(task, act, () => status(texts.offline, true));
    this.follow(sending, 1, {
      stored: () => {
        for (const picture of this.station.pictures(task)) picture.drop();
        over();
        return texts.saved;
      },
      gone: over,
      refused: (why) => {
        this.station.returned?.(task, act);
        this.known.add(task.id);
        this.bring(task);
        el("note").textContent = why;
      },
    });
    this.next();
  }

  /** Puts a task before the person; what he had before him comes after it. */
  bring(task) {
    if (this.current && this.current.id !== task.id) this.queue.unshift(this.current);
    this.current = task;
    this.draw();
  }

  /** Escape: the last answer of this station comes back. */
  back() {
    return this.undo(this.station.undoes, (got) => {
      if (!got.task || !this.station.fits(got.task)) {
        status(got.task ? this.station.elsewhere : texts.nothing_to_undo);
        return;
      }
      this.done = Math.max(0, this.done - 1);
      this.queue = this.queue.filter((task) => task.id !== got.task.id);
      status(texts.undone);
      this.bring(this.take(got.task));
    });
  }
}

/** An act that a key held down repeats. */
export const repeating = (act) => Object.assign(act, { repeats: true });

export const help = () => el("help").showModal();

/** Keys to acts: `find(event)` gives the act of a key, or nothing. `box`: a dialog whose keys are its own while it is open. */
export function onKeys(find, box = null) {
  document.addEventListener("keydown", (event) => {
    if (box?.open || el("help").open || event.ctrlKey || event.altKey || event.metaKey) return;
    const act = find(event);
    if (!act) return;
    event.preventDefault();
    // A key held down must not confirm one task after another.
    if (!event.repeat || act.repeats) act();
  });
}

/** Buttons to acts; afterwards, and when the help is closed, `refocus()` gives the keyboard back to the work. */
export function onButtons(acts, refocus = () => undefined) {
  for (const [id, act] of Object.entries({ ...acts, "do-help": help })) {
    el(id).addEventListener("click", () => {
      act();
      if (!document.querySelector("dialog[open]")) refocus();
    });
  }
  el("help").addEventListener("close", refocus);
}
