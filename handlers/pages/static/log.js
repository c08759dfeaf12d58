// The log of a check: older entries come as one scrolls; new ones are announced, and shown when the reader wants it.
import { fetchPart, follow, parse, unseen } from "./live.js";
import { outputs } from "./outputs.js";
import { showTimes } from "./times.js";

const PAUSE = 500; // ms, so that what comes together is counted together
const SEARCH_PAUSE = 10000; // ms, as it takes the server longer to look through outputs
const AHEAD = 800; // pixels before the end at which the next entries are fetched

export function startLog(log) {
  // The server did not know the browser's zone yet; now the cookie has it, unless cookies are refused.
  if (log.dataset.guess && /(^|; )tz=/.test(document.cookie)) return location.reload();
  outputs(log);
  if (log.dataset.live) watchNews(log, watch);
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
    const answer = link && (await fetchPart(link.href, "rows"));
    if (!answer?.ok || !link.isConnected) return;
    const page = parse(answer.text);
    const days = log.querySelectorAll("[data-day]");
    const again = page.querySelector("[data-day]");
    if (again?.dataset.day === days[days.length - 1]?.dataset.day) again.remove();
    link.closest("p").replaceWith(...page.body.childNodes);
    showTimes(log);
    watch();
  }
}

function watchNews(log, shown) {
  const news = document.querySelector(".news");
  const pause = new URLSearchParams(location.search).get("q") ? SEARCH_PAUSE : PAUSE;
  let timer;
  follow(log.dataset.live, look, { hello: unseen(log, look), changed: later, gone: () => location.assign("/") });

  function later() {
    timer ??= setTimeout(() => {
      timer = undefined;
      look();
    }, pause);
  }

  async function look() {
    const answer = await fetchPart(location.href, "rows");
    if (!answer?.ok) return false;
    const fresh = parse(answer.text);
    const entries = [...fresh.querySelectorAll(".entry")];
    const isKnown = (entry) => document.getElementById(entry.id);
    const count = entries.slice(0, entries.findLastIndex(isKnown) + 1 || undefined).filter((one) => !isKnown(one)).length;
    // What has become of notifications needs no room.
    for (const entry of entries.filter((one) => one.matches(".notified"))) isKnown(entry)?.replaceWith(entry.cloneNode(true));
    showTimes(log);
    if (!log.querySelector(".entry")) show(fresh);
    else if (count) announce(count === entries.length ? `${count} or more` : count, fresh);
    return true;
  }

  function announce(count, fresh) {
    const button = news.querySelector("button") ?? document.createElement("button");
    button.textContent = count === 1 ? "1 new entry" : `${count} new entries`;
    button.onclick = () => show(fresh);
    news.append(button);
  }

  // Entries that are open stay so. Older ones come again as one scrolls.
  function show(fresh) {
    const asked = news.contains(document.activeElement);
    for (const entry of fresh.querySelectorAll("details.entry")) {
      const old = document.getElementById(entry.id);
      if (old?.open) entry.replaceWith(old);
    }
    log.replaceChildren(...fresh.body.childNodes);
    news.replaceChildren();
    showTimes(log);
    shown();
    if (!asked) return;
    log.tabIndex = -1;
    log.focus();
  }
}
