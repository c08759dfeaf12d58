// The first page: what is down in all projects comes anew when something happens. The focus stays on its link.
import { fetchPart, follow, parse } from "./live.js";
import { showTimes } from "./times.js";

export function startHome(home) {
  follow("/live", refresh, { changed: refresh });

  async function refresh() {
    const answer = await fetchPart("/", "home");
    if (answer?.redirected) location.reload(); // there is one project left
    if (!answer?.ok || answer.redirected) return false;
    const link = home.contains(document.activeElement) && document.activeElement.getAttribute("href");
    home.replaceChildren(...parse(answer.text).body.childNodes);
    if (link) home.querySelector(`[href="${CSS.escape(link)}"]`)?.focus({ preventScroll: true });
    showTimes(home);
    return true;
  }
}
