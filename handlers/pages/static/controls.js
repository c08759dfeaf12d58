// Small things that many pages have: menus that close, buttons that copy.

export function menus() {
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}

export function copyButtons() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const text = button.dataset.copy || button.parentElement.querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(text);
      say("Copied");
    } catch {
      getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    }
  });
}

// Fields for a time zone that are empty get the browser's.
export function fillZones(root = document) {
  for (const field of root.querySelectorAll("input[data-zone]")) {
    field.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone;
  }
}

// Links whose page is a form open it in a dialog. Where that fails they lead to the page.
export function dialogs() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    import("./dialog.js").then(({ openDialog }) => openDialog(link)).catch(() => location.assign(link.href));
  });
}

// Shows a line at the foot of the window for a moment; screen readers say it.
export function say(text, forGood = false) {
  let banner = document.querySelector(".banner");
  if (!banner) {
    banner = document.createElement("p");
    banner.className = "banner";
    banner.setAttribute("role", "status");
    document.body.append(banner);
  }
  banner.textContent = text;
  clearTimeout(say.timer);
  if (!forGood) say.timer = setTimeout(() => banner.remove(), 2500);
  return banner;
}
