// The dialog that asks for a reason or a ground: a ready one by its number, or one's own words.
import { el } from "./station.js";

/** Shorter ones explain nothing. */
const SHORTEST = 3;

export class ReasonBox {
  /** `onClose` is called whenever the dialog goes away, sent or not. */
  constructor(onClose) {
    this.missing = "";
    this.onReason = () => undefined;
    el("reason").addEventListener("keydown", (event) => {
      const choice = el("reason-choices").children[Number(event.key) - 1];
      if (choice && el("reason").value === "") {
        event.preventDefault();
        choice.click();
      }
    });
    el("reason-cancel").addEventListener("click", () => el("reason-box").close());
    el("reason-box").querySelector("form").addEventListener("submit", (event) => {
      const reason = el("reason").value.trim();
      if (reason.length < SHORTEST) {
        event.preventDefault();
        el("reason-note").textContent = this.missing;
        return;
      }
      this.onReason(reason);
    });
    el("reason-box").addEventListener("close", onClose);
  }

  get open() {
    return el("reason-box").open;
  }

  /** Opens it. `missing`: what is said when nothing was written; `label`: what is asked for, when it is not a reason. */
  ask({ title, choices, missing, label }, onReason) {
    Object.assign(this, { missing, onReason });
    el("reason-title").textContent = title;
    el("reason").value = "";
    el("reason-note").textContent = "";
    if (label) el("reason-label").textContent = label;
    el("reason-choices").replaceChildren(
      ...choices.map((text, i) => {
        const button = document.createElement("button");
        const key = document.createElement("kbd");
        button.type = "button";
        key.textContent = String(i + 1);
        button.append(key, ` ${text}`);
        button.addEventListener("click", () => {
          el("reason").value = text;
          el("reason").focus();
        });
        return button;
      }),
    );
    el("reason-box").showModal();
    el("reason").focus();
  }
}
