// The page of a check: its changing parts come anew when something happens.
import { follow, parse } from "./live.js";
import { showTimes } from "./times.js";

export function startCheck(element) {
  follow(element.dataset.live, refresh, { changed: refresh, gone: () => location.assign("/") });

  async function refresh() {
    const answer = await fetch(location.href, { headers: { "X-Fragment": "check" } }).catch(() => null);
    if (!answer?.ok) return false;
    const fresh = parse(await answer.text());
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

// Whether somebody reads or uses what would be replaced.
function isHeld(part) {
  return part.contains(document.activeElement) || part.querySelector("details[open]");
}
