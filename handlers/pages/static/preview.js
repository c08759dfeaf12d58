// Shows what the settings in a form mean while they are typed: the server answers, and the newest question counts.
import { showTimes } from "./times.js";

const PAUSE = 200; // milliseconds without a key before the server is asked

export function startPreview(form) {
  const target = document.getElementById(form.dataset.preview);
  let timer, running;

  async function ask() {
    running?.abort();
    running = new AbortController();
    const body = new URLSearchParams(new FormData(form));
    body.set("do", "preview");
    try {
      const answer = await fetch(form.action, {
        method: "POST", body, headers: { "X-Fragment": "preview" }, signal: running.signal,
      });
      if (!answer.ok) return;
      target.innerHTML = await answer.text();
      showTimes(target);
      showFaults(form, target);
    } catch {
      // A newer question, or no connection: what is shown stays.
    }
  }

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
}

function showFaults(form, target) {
  for (const place of form.querySelectorAll("[id^=fault-]")) {
    const name = place.id.slice(6);
    const text = target.querySelector(`[data-fault-${name}]`)?.getAttribute(`data-fault-${name}`) ?? "";
    place.textContent = text;
    const field = form.elements[name];
    if (text) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
}
