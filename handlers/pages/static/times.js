// Keeps moments up to date, and shows exact ones in the reader's time zone.

const UNITS = [["day", 86400], ["h", 3600], ["min", 60], ["s", 1]];

function distance(seconds) {
  for (const [name, size] of UNITS) {
    const count = Math.round(seconds / size);
    if (seconds >= (name === "day" ? 172800 : size) || name === "s") {
      return `${count} ${name}${name === "day" && count !== 1 ? "s" : ""}`;
    }
  }
}

function rough(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3600), Math.floor(seconds / 86400)];
  if (hours < 1) return `${minutes} min`;
  if (days < 1) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const word = days === 1 ? "1 day" : `${days} days`;
  return hours % 24 ? `${word} ${hours % 24} h` : word;
}

const SHOWN = {
  relative(seconds) {
    if (Math.abs(seconds) < 5) return seconds > 0 ? "now" : "just now";
    return seconds > 0 ? `in ${distance(seconds)}` : `${distance(-seconds)} ago`;
  },
  elapsed: (seconds) => rough(Math.max(-seconds, 0)),
  remaining: (seconds) => rough(Math.max(seconds, 0)),
  brief: (seconds, at) => format("brief", at).replaceAll(",", ""),
  exact: (seconds, at) => format("exact", at),
  clock: (seconds, at) => format("clock", at),
};
const FORMATS = {
  brief: ["en-GB", { weekday: "short", day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" }],
  exact: ["sv-SE", { dateStyle: "short", timeStyle: "medium" }],
  clock: ["sv-SE", { timeStyle: "medium" }],
};
const formats = {};
const cookie = (name) => document.cookie.match(`(?:^|; )${name}=([^;]*)`)?.[1];

// The zone in which moments are shown: UTC or the check's, if the reader has chosen it, else the browser's.
function zone() {
  const choice = cookie("zone");
  if (choice === "utc") return "UTC";
  return choice === "check" ? document.querySelector("[data-zone-of-check]")?.dataset.zoneOfCheck : undefined;
}

function format(kind, at) {
  const timeZone = zone();
  const [locale, options] = FORMATS[kind];
  const made = (formats[kind + timeZone] ??= new Intl.DateTimeFormat(locale, { ...options, timeZone }));
  return made.format(at);
}

// The server shows moments in the browser's zone, too. It learns its name from this cookie.
function tellZone() {
  const name = encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone ?? "");
  if (name && cookie("tz") !== name) document.cookie = `tz=${name}; path=/; max-age=31536000; samesite=lax`;
}

export function showTimes(root = document) {
  const now = Date.now();
  for (const element of root.querySelectorAll("time[data-time]")) {
    const at = new Date(element.dateTime);
    const kind = element.dataset.time;
    const text = SHOWN[kind]((at - now) / 1000, at);
    if (element.textContent !== text) element.textContent = text;
  }
}

export function keepTimes() {
  tellZone();
  showTimes();
  setInterval(() => document.hidden || showTimes(), 5000);
  document.addEventListener("visibilitychange", () => document.hidden || showTimes());
}
