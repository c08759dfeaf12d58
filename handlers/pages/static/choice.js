// A form whose choice is shown beside it at once, without its button.
export function showChoice(form) {
  const shown = document.getElementById(form.dataset.choice);
  form.addEventListener("change", async () => {
    const address = `?${new URLSearchParams(new FormData(form))}`;
    const response = await fetch(address, { headers: { "X-Fragment": form.dataset.choice } });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    shown.replaceChildren(...fresh.body.childNodes);
    history.replaceState(null, "", address);
  });
}
