// Small helpers: elements, numbers, slots.

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child != null));
  return made;
}

// Sets what something is made of only when that has changed, so that it can be read, marked and copied.
export function redraw(place, key, children) {
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  place.replaceChildren(...children());
}

// Says something where there is little room, and once to who listens.
export function tell(id, text) {
  const place = document.getElementById(id);
  if (place.textContent !== text) place.textContent = place.title = text;
}

export function button(textContent, act, properties = {}) {
  const made = element("button", { type: "button", textContent, ...properties });
  made.addEventListener("click", act);
  return made;
}

export function number(value) {
  return value == null ? "–" : Math.round(value).toLocaleString("en");
}

// "0-3,7" to [0, 1, 2, 3, 7].
export function slotNumbers(text) {
  if (!text) return [];
  return text.split(",").flatMap((part) => {
    const [first, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

export function isUnderWay(migration) {
  return !["finished", "undone"].includes(migration.state);
}

// 8,432 as "8.4k": where there is little room.
export function brief(value) {
  return value < 1000 ? String(Math.round(value)) : `${(value / 1000).toFixed(value < 100000 ? 1 : 0)}k`;
}

export function milliseconds(value) {
  return value == null ? "–" : `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}
