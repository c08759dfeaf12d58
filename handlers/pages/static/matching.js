// Which rows of the list a filter lets through, by the rules of hcserver/domain/check_filter.py. The server has the last
// word, as the end of long notes is not in a row.

export function matcher(text) {
  const parts = text.split(/\s+/).filter(Boolean);
  const values = (name) => parts.filter((part) => part.startsWith(name) && part !== name).map((part) => part.slice(name.length));
  const tags = values("tag:");
  const states = values("is:").flatMap((value) => value.toLowerCase().split(","));
  const words = parts.filter((part) => !/^(tag|is):./.test(part)).map((part) => part.toLowerCase());
  return (row) => {
    const { searched, state } = row.dataset;
    if (!words.every((word) => searched.includes(word))) return false;
    if (states.length && !states.some((one) => one === state || (state === "running" && /^(up|new)$/.test(one)))) return false;
    const tagged = tags.length ? [...row.querySelectorAll(".tag")].map((tag) => tag.textContent) : [];
    return tags.every((tag) => tagged.includes(tag));
  };
}

// Whether everything that a filter lets through is among what an earlier one has let through.
export function narrows(text, earlier) {
  return !earlier || (text.startsWith(earlier) && !text.slice(earlier.lastIndexOf(" ") + 1).includes(":"));
}
