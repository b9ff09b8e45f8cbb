// Keeps the head's page fresh: counts in place, a reload when what blocks or what was built has changed.
const section = document.getElementById("exam");
let shape = null;

async function look() {
  const answer = await fetch(`/api/v1/exams/${section.dataset.exam}`);
  if (!answer.ok) return;
  const exam = await answer.json();
  for (const cell of section.querySelectorAll("[data-count]")) cell.textContent = exam[cell.dataset.count];
  const now = JSON.stringify([exam.state, exam.blocks, exam.packages]);
  if (shape !== null && shape !== now && !document.activeElement?.closest("form")) location.reload();
  shape ??= now;
}

// A second press while the first is under way would only repeat the work.
for (const form of document.querySelectorAll("form"))
  form.addEventListener("submit", () => setTimeout(() => form.querySelectorAll("button").forEach((b) => { b.disabled = true; }), 0));

look();
setInterval(() => look().catch(() => {}), 10000);
