// Keeps a page for everybody up to date: it asks again and again whether there is a newer one.
import { say } from "./controls.js";
import { showTimes } from "./times.js";

export function keepFresh(main) {
  const period = Number(main.dataset.refresh) * 1000;
  let etag, banner, timer, good = new Date();

  async function look() {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      // The browser sends the ETag of what it has; an answer that nothing is new costs no body.
      const response = await fetch(location.href, { cache: "no-cache" });
      if (response.status === 404) return location.reload();
      if (!response.ok) throw new Error(response.statusText);
      if (etag !== response.headers.get("ETag")) {
        etag = response.headers.get("ETag");
        const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
        document.title = fresh.title;
        document.getElementById("main").replaceWith(document.importNode(fresh.getElementById("main"), true));
        showTimes();
      }
      good = new Date();
      banner?.remove();
    } catch {
      banner = say(`Not up to date: no connection since ${good.toLocaleTimeString()}`, true);
    }
    clearTimeout(timer);
    timer = setTimeout(look, period);
  }
  timer = setTimeout(look, period);
  document.addEventListener("visibilitychange", look);
}
