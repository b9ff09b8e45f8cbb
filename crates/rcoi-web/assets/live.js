// What is left, beside the names of the stations, as it changes; and the end of the session.
const stations = { "/verify": "verifier", "/symbols": "symbols", "/persons": "persons", "/senior": "senior" };
const badges = [...document.querySelectorAll("header nav a")]
  .filter((link) => link.getAttribute("href") in stations)
  .map((link) => {
    const badge = document.createElement("span");
    badge.className = "count";
    link.append(" ", badge);
    return { badge, key: stations[link.getAttribute("href")] };
  });

const ended = () => {
  document.getElementById("ended").hidden = false;
};

// Pages of people who have no counters open no stream.
if (badges.length > 0 || document.querySelector('nav a[href="/exams"]')) {
  const stream = new EventSource("/api/v1/events");
  stream.addEventListener("progress", (event) => {
    const progress = JSON.parse(event.data);
    for (const { badge, key } of badges) badge.textContent = progress[key] > 0 ? String(progress[key]) : "";
    document.dispatchEvent(new CustomEvent("progress", { detail: progress }));
  });
  stream.addEventListener("ended", () => {
    stream.close();
    ended();
  });
  // A lost line is tried again by the browser; a refusal closes the stream: signed out elsewhere, or too many pages.
  stream.addEventListener("error", async () => {
    if (stream.readyState !== EventSource.CLOSED) return;
    const answer = await fetch("/api/v1/me").catch(() => null);
    if (answer?.status === 401) ended();
  });
}
