// Follows server-sent events while the page is visible, and asks regularly where events don't get through.
import { say } from "./controls.js";

const POLL = 5000; // ms
const FAILURES = 3; // in a row, until the page asks instead of listening

// `refresh` loads everything anew; `handlers` are called with the data of the events of their names.
export function follow(address, refresh, handlers) {
  let source, timer, banner, failures = 0;

  function stop() {
    source?.close();
    source = undefined;
    clearTimeout(timer);
  }

  async function poll() {
    await refresh();
    timer = setTimeout(poll, POLL);
  }

  function start() {
    stop();
    if (document.hidden) return;
    if (failures >= FAILURES) {
      timer = setTimeout(poll, POLL);
      return;
    }
    source = new EventSource(typeof address === "function" ? address() : address);
    source.addEventListener("hello", () => {
      if (failures) refresh();
      failures = 0;
      banner?.remove();
    });
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => handle(event.data && JSON.parse(event.data)));
    }
    source.onerror = () => {
      stop();
      failures += 1;
      banner = say("Connection lost. Trying again …", true);
      timer = setTimeout(start, Math.min(500 * 2 ** failures, 15000));
    };
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refresh();
    start();
  });
  start();
  return start;
}

export function parse(html) {
  return new DOMParser().parseFromString(html, "text/html");
}
