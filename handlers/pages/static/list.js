// The list of checks: live rows, filter while typing, further rows while scrolling, selection, keys.
import { fillZones } from "./controls.js";
import { fetchPart, follow, parse } from "./live.js";
import { matcher, narrows } from "./matching.js";
import { showTimes } from "./times.js";

let list, pending, etag, restart;
const pool = new Map(); // all rows that have been there by their ids, also those that the filter hides
const sources = new WeakMap(); // the HTML that a row was last made of
const lists = new Map(); // the rows of the last lists that the server has sent, or their beginnings, by their filters
const LISTS = 50;
let listed; // the filter of the last of them

export function startList(element) {
  list = element;
  for (const row of list.querySelectorAll("#rows > tr[id]")) pool.set(row.id, row);
  remember(filterOf(location.href));
  watchFilter();
  watchSelection();
  watchEnd();
  watchKeys();
  restart = follow(() => list.dataset.live + location.search, () => reload(), { hello: greet, checks: apply, reload: () => reload() });
}

// -- live updates

// What has changed since the page was made, and before anybody listened, is in neither.
function greet({ seen }) {
  if (seen !== list.querySelector("#head").dataset.seen) reload();
}

function apply({ head, rows, gone }) {
  const chips = list.querySelector("#head");
  const before = chips.textContent;
  replace(chips, head);
  const deleted = gone.map((id) => pool.get(`c-${id}`)).filter(Boolean);
  for (const row of deleted) {
    row.dataset.gone = "yes";
    pool.delete(row.id);
  }
  let moved = deleted.length || before !== chips.textContent;
  for (const [id, html] of Object.entries(rows)) {
    const row = pool.get(`c-${id}`) ?? document.getElementById(`c-${id}`);
    if (!row) continue;
    const fresh = parse(`<table><tbody>${html}</tbody></table>`).querySelector("tr");
    moved ||= row.dataset.state !== fresh.dataset.state;
    update(row, fresh);
  }
  if (moved) later();
}

function later() {
  pending ??= setTimeout(() => {
    pending = undefined;
    reload();
  }, 500);
}

// Whether moving rows would disturb somebody: a selection, an open menu, the keyboard in a row.
function held() {
  return list.querySelector("tbody input:checked, details[open]") || document.activeElement.matches("tbody a");
}

let latest;
async function reload(address = location.href) {
  latest?.abort();
  latest = new AbortController();
  const headers = {};
  if (address === etag?.address) headers["If-None-Match"] = etag.value;
  const answer = await fetchPart(address, "list", { headers, signal: latest.signal });
  if (!answer?.ok) return answer?.status === 304;
  etag = { address, value: answer.headers.get("ETag") };
  merge(parse(answer.text), filterOf(address));
  return true;
}

const filterOf = (address) => new URL(address).searchParams.get("q") ?? "";

function remember(filter) {
  listed = filter;
  lists.delete(filter); // so that it becomes the latest
  lists.set(filter, [...list.querySelectorAll("#rows > tr[id]")]);
  if (lists.size > LISTS) lists.delete(lists.keys().next().value);
}

function merge(fresh, filter) {
  const anew = filter !== listed; // nothing that is there needs to stay
  relink(fresh);
  const body = list.querySelector("#rows");
  const freshBody = fresh.querySelector("#rows");
  if (!body || !freshBody) {
    replaceAll(fresh, anew);
    remember(filter);
    return;
  }
  replace(list.querySelector("#head"), fresh.querySelector("#head").innerHTML);
  const keep = !anew && held();
  const focused = document.activeElement;
  const rows = [...freshBody.children].map(known);
  if (keep) return;
  const more = rows.splice(rows.findLastIndex((row) => row.id) + 1);
  arrange(body, [...rows, ...(anew || !more.length ? [] : further(body, rows)), ...more]);
  remember(filter);
  const empty = list.querySelector(".empty");
  const freshEmpty = fresh.querySelector(".empty");
  if (empty && !freshEmpty) empty.remove();
  if (!empty && freshEmpty) list.querySelector("table").after(freshEmpty);
  if (document.activeElement !== focused && list.contains(focused)) focused.focus({ preventScroll: true });
  showTimes(list);
}

// The row that shows this check, with the content of the fresh one.
function known(fresh) {
  const row = fresh.id && pool.get(fresh.id);
  if (row) update(row, fresh);
  else if (fresh.id) pool.set(fresh.id, fresh);
  return row || fresh;
}

// Rows that came while scrolling, which stay below those that every page begins with.
function further(body, rows) {
  const shown = [...body.querySelectorAll("tr[id]")];
  return shown.length > rows.length ? shown.filter((row) => !rows.includes(row) && !row.dataset.gone) : [];
}

// Makes these rows the only ones of the table, and touches no row that stays where it is.
function arrange(body, rows) {
  const wanted = new Set(rows);
  for (const row of [...body.children]) if (!wanted.has(row)) row.remove();
  let place = body.firstElementChild;
  for (const row of rows) {
    if (row === place) place = place.nextElementSibling;
    else body.insertBefore(row, place);
  }
}

// Where the list is grouped, or was empty. Groups that were opened stay open, and the filter keeps what is typed.
function replaceAll(fresh, anew) {
  const [form, freshForm] = [list, fresh].map((root) => root.querySelector("#checks"));
  if (!form || !freshForm) {
    list.replaceChildren(...fresh.body.childNodes);
    return;
  }
  const keep = list.querySelector("tbody input:checked") || document.activeElement.matches("tbody a, summary");
  if (keep && !anew) return;
  for (const group of form.querySelectorAll(".group")) {
    const same = freshForm.querySelector(`.group[data-tag="${CSS.escape(group.dataset.tag)}"]`);
    if (same && !location.search.includes("q=")) same.open = group.open;
  }
  replace(list.querySelector("#head"), fresh.querySelector("#head").innerHTML);
  form.replaceWith(freshForm);
  fillZones(freshForm);
  showTimes(list);
}

// Links to other views of the list, and the way back from what is done to several checks, follow the filter.
function relink(fresh) {
  list.querySelector("#head").dataset.seen = fresh.querySelector("#head").dataset.seen;
  for (const selector of ["thead a", ".tools > a"]) {
    const links = fresh.querySelectorAll(selector);
    list.querySelectorAll(selector).forEach((link, position) => {
      if (links[position]) link.setAttribute("href", links[position].getAttribute("href"));
    });
  }
  const [back, freshBack] = [list, fresh].map((root) => root.querySelector("[name=back]"));
  if (back && freshBack) back.value = freshBack.value;
}

// Gives a row the content of another one, but for its box, which people may have checked.
function update(row, fresh) {
  const source = fresh.outerHTML;
  if (sources.get(row) === source) return;
  sources.set(row, source);
  row.className = fresh.className;
  Object.assign(row.dataset, fresh.dataset);
  [...row.children].forEach((cell, position) => {
    if (position > 0) replace(cell, fresh.children[position].innerHTML);
  });
  showTimes(row);
}

function replace(element, html) {
  if (element.dataset.html === html || element.innerHTML === html) return;
  const inside = element.contains(document.activeElement) && document.activeElement.getAttribute("href");
  element.innerHTML = html;
  if (inside) element.querySelector(`[href="${CSS.escape(inside)}"]`)?.focus();
}

// -- filter

const FIRST_ROWS = 40; // as many as a list with a filter begins with; more would take their time to be laid out
const FILTER_EVERY = 80; // ms, at most so often the server is asked while one types; the first key counts at once

function watchFilter() {
  let typing, filtered = 0;
  list.addEventListener("input", (event) => {
    if (event.target.id !== "q") return;
    guess(event.target.value);
    clearTimeout(typing);
    typing = setTimeout(() => {
      filtered = performance.now();
      filter(event.target.value);
    }, filtered + FILTER_EVERY - performance.now());
  });
  list.addEventListener("submit", (event) => {
    if (!event.target.matches(".filter")) return;
    event.preventDefault();
    filter(event.target.q.value);
  });
  list.addEventListener("click", (event) => {
    const chip = event.target.closest("a.chip");
    if (!chip || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    const address = new URL(chip.href);
    document.getElementById("q").value = filterOf(address);
    guess(filterOf(address));
    go(address);
  });
}

// Shows at once what matches among the rows that are there: of the beginning of a list, the beginning of what is asked
// for. The answer of the server has the rest, and the only say where there seems to be nothing.
function guess(text) {
  const body = list.querySelector("#rows");
  const matches = matcher(text);
  let rows = [];
  for (const [filter, there] of lists) {
    if (!narrows(text, filter)) continue;
    const found = there.filter((row) => !row.dataset.gone && (text === filter || matches(row)));
    if (found.length > rows.length) rows = found.slice(0, FIRST_ROWS);
  }
  if (!body || !rows.length) return;
  list.querySelectorAll("tbody input:checked").forEach((box) => (box.checked = false));
  list.querySelector(".empty")?.remove();
  etag = undefined; // it is that of a list which is not there any more
  arrange(body, rows);
}

function filter(text) {
  const address = new URL(location.href);
  text ? address.searchParams.set("q", text) : address.searchParams.delete("q");
  address.searchParams.delete("offset");
  go(address);
}

async function go(address) {
  history.replaceState(null, "", address);
  list.querySelectorAll("tbody input:checked").forEach((box) => (box.checked = false));
  await reload(address.href);
  restart();
}

// -- further rows

function watchEnd() {
  const watcher = new IntersectionObserver(
    (entries) => entries.some((entry) => entry.isIntersecting) && more(),
    { rootMargin: "400px" },
  );
  const watch = () => list.querySelector("[data-more]") && watcher.observe(list.querySelector("[data-more]"));
  new MutationObserver(watch).observe(list, { childList: true, subtree: true });
  watch();
}

async function more() {
  const link = list.querySelector("[data-more]");
  if (!link || link.dataset.loading) return;
  link.dataset.loading = "yes";
  const answer = await fetchPart(link.href, "rows");
  delete link.dataset.loading;
  if (!answer?.ok || !link.isConnected) return;
  const fresh = parse(`<table><tbody>${answer.text}</tbody></table>`);
  const rows = [...fresh.querySelectorAll("tr")].filter((row) => !row.id || !document.getElementById(row.id));
  link.closest("tr").replaceWith(...rows.map(known));
  remember(listed);
  showTimes(list);
}

// -- selection

function watchSelection() {
  let last;
  list.addEventListener("click", (event) => {
    const box = event.target;
    if (box.name !== "check") return;
    const boxes = [...list.querySelectorAll("tbody [name=check]")];
    if (event.shiftKey && last) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      boxes.slice(from, to + 1).forEach((one) => (one.checked = box.checked));
    }
    last = box;
  });
  list.addEventListener("change", (event) => {
    if (event.target.id === "all") {
      list.querySelectorAll("tbody [name=check]").forEach((box) => (box.checked = event.target.checked));
    }
    const count = list.querySelectorAll("tbody [name=check]:checked").length;
    const label = document.getElementById("selected");
    if (label) label.textContent = `${count} selected`;
  });
}

// -- keys

function watchKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, dialog")) {
      if (event.key === "Escape" && !event.target.closest("dialog")) {
        event.preventDefault(); // else some browsers empty the filter
        event.target.blur();
      }
      return;
    }
    const action = KEYS[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  "/": () => document.getElementById("q")?.focus(),
  x: () => row()?.querySelector("[name=check]")?.click(),
  p: () => act("pause"),
  s: () => act("snooze-1h"),
  "?": help,
};

function row() {
  return document.activeElement?.closest("tr[id]");
}

function step(by) {
  const rows = [...list.querySelectorAll("tr[id]")];
  const next = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(row()) + by))];
  next?.querySelector("a").focus();
}

function act(action) {
  const box = row()?.querySelector("[name=check]");
  if (box) box.checked = true;
  if (list.querySelector("tbody input:checked")) list.querySelector(`#checks [value="${action}"]`)?.click();
}

function help() {
  let dialog = document.getElementById("keys");
  if (!dialog) {
    dialog = document.createElement("dialog");
    dialog.id = "keys";
    dialog.innerHTML = `<h2>Keys</h2><dl><dt><kbd>j</kbd> <kbd>k</kbd></dt><dd>next and previous check</dd>
<dt><kbd>Enter</kbd></dt><dd>open the check</dd><dt><kbd>x</kbd></dt><dd>select it</dd>
<dt><kbd>p</kbd></dt><dd>pause the selected checks</dd><dt><kbd>s</kbd></dt><dd>snooze them for an hour</dd>
<dt><kbd>/</kbd></dt><dd>filter</dd><dt><kbd>Esc</kbd></dt><dd>leave</dd></dl>
<form method="dialog" class="actions"><button>Close</button></form>`;
    document.body.append(dialog);
  }
  dialog.showModal();
}
