// Channels: deliveries come anew when something happens; a test is answered in its row; the kinds are filtered while
// one types.
import { fetchPart, follow, parse } from "./live.js";
import { showTimes } from "./times.js";

export function followDeliveries(element) {
  follow(element.dataset.parts, refresh, { changed: refresh, gone: () => location.assign("/") });

  async function refresh() {
    const answer = await fetchPart(location.href, "deliveries");
    if (!answer?.ok) return false;
    for (const part of [...parse(answer.text).body.children]) {
      const old = document.getElementById(part.id);
      if (old && !old.contains(document.activeElement)) old.replaceWith(part);
    }
    showTimes();
    return true;
  }
}

export function inlineForms() {
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-inline]");
    if (!form) return;
    event.preventDefault();
    const output = form.closest("li").querySelector("output");
    const button = form.querySelector("button");
    button.disabled = true;
    output.textContent = "Sending …";
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.action, { method: "POST", headers: { "X-Fragment": "test" }, body }).catch(() => null);
    output.textContent = answer ? await answer.text() : "The server did not answer.";
    button.disabled = false;
    button.focus();
  });
}

export function filters() {
  for (const field of document.querySelectorAll("[data-filter]")) {
    const items = [...document.getElementById(field.dataset.filter).children];
    field.addEventListener("input", () => {
      const wanted = field.value.trim().toLowerCase();
      for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(wanted);
      document.getElementById("none").hidden = items.some((item) => !item.hidden);
    });
  }
}
