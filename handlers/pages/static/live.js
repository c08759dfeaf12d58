// Follows server-sent events while the page is visible. Where they don't get through, the page asks regularly.
import { say } from "./controls.js";

const LONGEST_PAUSE = 5000; // ms between attempts to listen
const FAILURES = 2; // in a row, from which on the page also asks

// `refresh` loads everything anew and returns whether it did; `handlers` are called with the data of the events of
// their names. The result begins anew, at what may be another address by now.
export function follow(address, refresh, handlers) {
  let source, timer, banner, failures = 0;

  function stop() {
    source?.close();
    clearTimeout(timer);
  }

  async function catchUp() {
    if (await refresh()) banner?.remove();
  }

  function start() {
    stop();
    if (document.hidden) return;
    source = new EventSource(typeof address === "function" ? address() : address);
    source.addEventListener("hello", () => {
      if (failures) catchUp();
      failures = 0;
    });
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => handle(event.data && JSON.parse(event.data)));
    }
    source.onerror = () => {
      stop();
      failures += 1;
      banner = say("Connection lost. Trying again …", true);
      if (failures >= FAILURES) catchUp();
      timer = setTimeout(start, Math.min(500 * 2 ** failures, LONGEST_PAUSE));
    };
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) catchUp();
    start();
  });
  start();
  return start;
}

// A part of a page. Where the visitor may not see it any more, the page is loaded anew, which says so.
export async function fetchPart(address, name, options = {}) {
  const headers = { ...options.headers, "X-Fragment": name };
  const answer = await fetch(address, { ...options, headers }).catch(() => null);
  if ([401, 403, 404].includes(answer?.status)) location.reload();
  return answer;
}

export function parse(html) {
  return new DOMParser().parseFromString(html, "text/html");
}
