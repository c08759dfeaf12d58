// Follows server-sent events while the page is visible. Where they don't get through, the page asks regularly.
import { say } from "./controls.js";

const LONGEST_PAUSE = 5000; // ms between attempts to listen
const FAILURES = 2; // in a row, from which on the page also asks

// What changed before anybody listened was not sent: `hello` calls this, and loads the page anew if its state is another.
export const unseen = (element, refresh) => ({ seen }) => {
  if (seen === element.dataset.seen) return;
  element.dataset.seen = seen;
  refresh();
};

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
    const { hello, ...others } = handlers;
    source.addEventListener("hello", ({ data }) => {
      if (failures) catchUp();
      else hello?.(JSON.parse(data));
      failures = 0;
    });
    for (const [name, handle] of Object.entries(others)) {
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

// A part of a page, read to its end; null if it does not come, or not as a whole. Where the visitor may not see
// it any more, the page is loaded anew, which says so.
export async function fetchPart(address, name, options = {}) {
  try {
    const answer = await fetch(address, { ...options, headers: { ...options.headers, "X-Fragment": name } });
    if ([401, 403, 404].includes(answer.status)) location.reload();
    const { ok, status, redirected, headers } = answer;
    return { ok, status, redirected, headers, text: await answer.text() };
  } catch {
    return null;
  }
}

export function parse(html) {
  return new DOMParser().parseFromString(html, "text/html");
}
