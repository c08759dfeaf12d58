// Opens the form of another page in a dialog. It is sent as on its page; Escape and Cancel close it.
import { fillZones } from "./controls.js";
import { startPreview } from "./preview.js";
import { showTimes } from "./times.js";

export async function openDialog(link) {
  const answer = await fetch(link.href, { headers: { "X-Fragment": "dialog" } });
  if (!answer.ok) throw new Error(answer.statusText);
  const dialog = document.createElement("dialog");
  dialog.className = "wide";
  dialog.setAttribute("aria-label", link.dataset.dialog);
  dialog.innerHTML = `<h2>${link.dataset.dialog}</h2>${await answer.text()}`;
  dialog.addEventListener("close", () => {
    dialog.remove();
    link.focus();
  });
  dialog.querySelector("[data-close]").addEventListener("click", (event) => {
    event.preventDefault();
    dialog.close();
  });
  document.body.append(dialog);
  fillZones(dialog);
  showTimes(dialog);
  const form = dialog.querySelector("form[data-preview]");
  if (form) startPreview(form);
  dialog.showModal();
}
