// The log of a check: outputs come when they are opened, older entries as one scrolls.
import { parse } from "./live.js";

const AHEAD = 800; // pixels before the end at which the next entries are fetched

export function startLog(log) {
  // The server did not know the browser's zone yet; now the cookie has it, unless cookies are refused.
  if (log.dataset.guess && /(^|; )tz=/.test(document.cookie)) return location.reload();
  log.addEventListener("toggle", (event) => open(event.target), true);
  for (const entry of log.querySelectorAll("details[open]")) open(entry);
  const seen = new IntersectionObserver(
    (entries) => entries.some((entry) => entry.isIntersecting) && more(),
    { rootMargin: `${AHEAD}px` },
  );
  watch();

  function watch() {
    seen.disconnect();
    const link = log.querySelector("[data-older]");
    if (link) seen.observe(link);
  }

  async function more() {
    seen.disconnect();
    const link = log.querySelector("[data-older]");
    const page = link && (await part(link.href, "rows"));
    if (!page) return;
    const days = log.querySelectorAll("[data-day]");
    const again = page.querySelector("[data-day]");
    if (again?.dataset.day === days[days.length - 1]?.dataset.day) again.remove();
    link.closest("p").replaceWith(...page.body.childNodes);
    watch();
  }

  async function open(entry) {
    const link = entry.open && entry.querySelector(":scope > p > [data-output]");
    const page = link && (await part(link.href, "output"));
    if (page) link.closest("p").replaceWith(...page.body.childNodes);
  }
}

async function part(href, name) {
  const answer = await fetch(href, { headers: { "X-Fragment": name } }).catch(() => null);
  return answer?.ok ? parse(await answer.text()) : null;
}
