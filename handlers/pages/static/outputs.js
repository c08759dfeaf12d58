// What jobs have written comes when its line is opened; without that its link leads to it.
import { parse } from "./live.js";

export function outputs(root) {
  root.addEventListener("toggle", (event) => open(event.target), true);
  for (const entry of root.querySelectorAll("details[open]")) open(entry);
}

async function open(entry) {
  const link = entry.open && entry.querySelector(":scope > p > [data-output]");
  const answer = link && (await fetch(link.href, { headers: { "X-Fragment": "output" } }).catch(() => null));
  if (!answer?.ok) return;
  link.closest("p").replaceWith(...parse(await answer.text()).body.childNodes);
}
