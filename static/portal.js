// What scripts add to pages that work without them.
const root = document.documentElement;
root.classList.add("js");
const announce = (words) => { document.getElementById("announcer").textContent = words; };

// data-copy holds the text, or "#id" of the element that shows it.
async function copy(button) {
  const source = button.dataset.copy.startsWith("#") ? document.querySelector(button.dataset.copy) : null;
  const text = source ? source.textContent.trim() : button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // not a secure context
    const area = Object.assign(document.createElement("textarea"), { value: text });
    button.after(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const span = button.querySelector("span") ?? button;
  button.dataset.was ??= span.textContent;
  span.textContent = button.dataset.copied;
  announce(button.dataset.copied);
  clearTimeout(button.timer);
  button.timer = setTimeout(() => { span.textContent = button.dataset.was; announce(""); }, 2000);
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

// The file input covers its drop zone: dropping and choosing are the browser's own.
function showFile(input) {
  const zone = input.closest("[data-drop]");
  const words = zone?.querySelector("[data-chosen]");
  if (!words) return;
  words.dataset.was ??= words.textContent;
  const file = input.files[0];
  zone.classList.toggle("chosen", Boolean(file));
  words.textContent = file ? `${file.name} · ${new Intl.NumberFormat(root.lang, { maximumFractionDigits: 1 }).format(file.size / 1024)} kB` : words.dataset.was;
}
for (const [type, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(type, (event) => event.target.closest?.("[data-drop]")?.classList.toggle("over", over));
}

// data-reveal="field=value other": shown while the field of the same form has one of the values; what is hidden is not sent.
function reveal(scope) {
  for (const part of scope.querySelectorAll("[data-reveal]")) {
    const [name, values] = part.dataset.reveal.split("=");
    const field = part.closest("form")?.elements[name];
    if (!field) continue;
    part.hidden = !values.split(" ").includes(field.value);
    const off = part.hidden || part.parentElement.closest("[data-reveal][hidden]") !== null;  // a part may stand within another
    for (const control of part.querySelectorAll("input, select, textarea")) control.disabled = off;
  }
}

// What was typed is not lost without asking; nothing is sent twice.
let dirty = null;
const guarded = (form) => form && form.method === "post" && form.closest("main") && !("noGuard" in form.dataset);
document.addEventListener("input", (event) => { if (guarded(event.target.form)) dirty = event.target.form; });
document.addEventListener("change", (event) => {
  if (event.target.type === "file") showFile(event.target);
  if (event.target.form) reveal(event.target.form);
});
addEventListener("beforeunload", (event) => { if (dirty?.isConnected) event.preventDefault(); });
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  if (form === dirty) dirty = null;
  if (form.matches("[hx-post], [hx-boost]")) return;
  form.dataset.sent = "yes";
  const button = event.submitter;
  button?.setAttribute("aria-busy", "true");
  if (!button?.dataset.busy) return;
  const words = Object.assign(document.createElement("p"), { className: "busy", textContent: button.dataset.busy });
  words.append(document.createElement("progress"));
  button.parentElement.after(words);
  announce(button.dataset.busy);
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll(".button[aria-busy]")) button.removeAttribute("aria-busy");
  for (const words of document.querySelectorAll(".busy")) words.remove();
});

// A combobox: the server fills its list while one types; arrows, Enter, Escape and the mouse choose (ARIA Authoring Practices).
const listOf = (input) => document.getElementById(input.getAttribute("aria-controls"));
function open(input, yes) {
  listOf(input).hidden = !yes;
  input.setAttribute("aria-expanded", String(yes));
  if (!yes) mark(input, null);
}
function mark(input, option) {
  for (const one of listOf(input).children) one.setAttribute("aria-selected", String(one === option));
  if (option) input.setAttribute("aria-activedescendant", option.id);
  else input.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}
function take(input, option) {
  input.value = option.dataset.value;
  open(input, false);
  input.dispatchEvent(new Event("change", { bubbles: true }));
}
document.addEventListener("keydown", (event) => {
  const input = event.target;
  if (!input.matches?.("[role=combobox]")) return;
  const options = [...listOf(input).querySelectorAll("[role=option]")];
  const at = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
  const opened = !listOf(input).hidden;
  if (event.key === "Escape" && opened) open(input, false);
  else if (event.key === "Enter" && opened && at >= 0) take(input, options[at]);
  else if (event.key === "ArrowDown" && !opened) htmx.trigger(input, "opens");
  else if (event.key === "ArrowDown" || event.key === "ArrowUp" && opened) mark(input, options.at((at + (event.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1)) % options.length) ?? null);
  else return;
  event.preventDefault();
});
document.addEventListener("click", (event) => {
  const input = event.target.closest?.("[data-combobox]")?.querySelector("[role=combobox]");
  const option = event.target.closest?.("[role=option]");
  if (option && input) return take(input, option);
  if (input && event.target === input && listOf(input).hidden) htmx.trigger(input, "opens");
});
document.addEventListener("focusout", (event) => {
  if (event.target.matches?.("[role=combobox]") && !event.target.parentElement.contains(event.relatedTarget)) setTimeout(() => open(event.target, false), 200);
});

// A page that comes back with mistakes says them first.
function arrive(scope) {
  reveal(scope);
  scope.querySelector("[data-focus]")?.focus();
}
document.addEventListener("htmx:afterSwap", (event) => {
  arrive(event.target);
  const input = event.target.matches("[role=listbox]") && event.target.parentElement.querySelector("[role=combobox]");
  if (input && input === document.activeElement) open(input, true);
});
// A form that was sent leads to its answer; what a page looked after meanwhile leads nowhere.
document.addEventListener("htmx:beforeOnLoad", (event) => { if (document.querySelector("[data-sent]")) event.preventDefault(); });
// What htmx asked for did not come: say so, once, where notices stand.
for (const type of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(type, () => {
    const note = Object.assign(document.createElement("div"), { className: "note bad", textContent: document.getElementById("announcer").dataset.failed });
    document.getElementById("messages").replaceChildren(note);
  });
}
// Ctrl-K: the search over everything; where the menu is closed, its page.
document.addEventListener("keydown", (event) => {
  if (event.key !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  const field = document.querySelector("main [role=search][action='/search/'] input") ?? document.querySelector(".menu .search input");
  if (!field) return;
  event.preventDefault();
  if (field.checkVisibility()) field.select(); else location.assign("/search/");
});

// The column of a chart that is pointed at or has the focus is read out below it; arrow keys go from one to the next.
for (const type of ["pointerover", "focusin"]) {
  document.addEventListener(type, (event) => {
    const column = event.target.closest?.(".chart .columns g");
    if (column) column.closest(".chart").querySelector(".readout").textContent = column.querySelector("title").textContent.replaceAll("\n", " · ");
  });
}
document.addEventListener("keydown", (event) => {
  const column = event.target.closest?.(".chart .columns a");
  const all = column ? [...column.closest("svg").querySelectorAll("a")] : [];
  const at = all.indexOf(column);
  const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
  if (!column || next === undefined) return;
  event.preventDefault();
  all[next]?.focus();
});

// data-refresh="seconds": fetched anew while somebody looks, but not what they are about to press.
for (const part of document.querySelectorAll("[data-refresh]")) {
  setInterval(() => {
    if (!document.hidden && !part.contains(document.activeElement) && !part.querySelector("details[open], :is(a, button, summary, label, select, svg):hover")) htmx.trigger(part, "refresh");
  }, part.dataset.refresh * 1000);
}
arrive(document);
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
