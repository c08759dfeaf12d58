// The page of a check: its changing parts come anew when something happens.
import { say } from "./controls.js";
import { fetchPart, follow, parse, unseen } from "./live.js";
import { outputs } from "./outputs.js";
import { showTimes } from "./times.js";

export function startCheck(element) {
  outputs(element.firstElementChild);
  switches(element);
  follow(element.dataset.live, refresh, { hello: unseen(element, refresh), changed: refresh, gone: () => location.assign("/") });

  async function refresh() {
    const answer = await fetchPart(location.href, "check");
    if (!answer?.ok) return false;
    const fresh = parse(answer.text);
    const column = element.firstElementChild;
    for (const part of [...fresh.body.children]) {
      const old = document.getElementById(part.id);
      if (!old) column.append(part);
      else if (old.innerHTML !== part.innerHTML && !isHeld(old)) old.replaceWith(part);
    }
    showTimes(column);
    return true;
  }
}

// A channel is switched at once. What others have switched meanwhile stays as it is.
function switches(element) {
  let last = Promise.resolve();
  element.addEventListener("change", ({ target }) => {
    if (target.name === "channel") last = last.then(() => save(target, target.checked));
  });
}

async function save(box, on) {
  const { action, elements } = box.form;
  const body = new URLSearchParams({ _xsrf: elements._xsrf.value, had: on ? "" : box.value });
  if (on) body.set("channel", box.value);
  const answer = await fetchPart(action, "channels", { method: "POST", body });
  if (!answer?.ok) box.checked = !on;
  say(answer?.ok ? "Saved." : "Not saved: the server did not accept it.");
}

// Whether somebody reads or uses what would be replaced.
function isHeld(part) {
  return part.contains(document.activeElement) || part.querySelector("details[open]");
}
