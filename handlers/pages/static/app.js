// Starts what the page needs. Every page works without it.
import { keepTimes } from "./times.js";
import { copyButtons, dialogs, fillZones, menus } from "./controls.js";

document.documentElement.classList.add("js");
keepTimes();
copyButtons();
menus();
dialogs();
fillZones();

const list = document.getElementById("list");
if (list) {
  const { startList } = await import("./list.js");
  startList(list);
}

const home = document.getElementById("home");
if (home) {
  const { startHome } = await import("./home.js");
  startHome(home);
}

const check = document.getElementById("check");
if (check) {
  const { startCheck } = await import("./check.js");
  startCheck(check);
}

const log = document.getElementById("log");
if (log) {
  const { startLog } = await import("./log.js");
  startLog(log);
}

const previewed = document.querySelector("form[data-preview]");
if (previewed) {
  const { startPreview } = await import("./preview.js");
  startPreview(previewed);
}

const deliveries = document.querySelector("[data-parts]");
if (deliveries || document.querySelector("[data-inline], [data-filter]")) {
  const { filters, followDeliveries, inlineForms } = await import("./channels.js");
  if (deliveries) followDeliveries(deliveries);
  inlineForms();
  filters();
}

const refreshed = document.querySelector("[data-refresh]");
if (refreshed) {
  const { keepFresh } = await import("./refresh.js");
  keepFresh(refreshed);
}

const choice = document.querySelector("form[data-choice]");
if (choice) {
  const { showChoice } = await import("./choice.js");
  showChoice(choice);
}

// Everything has begun.
document.documentElement.classList.add("ready");
