// Completes what is begun in a policy document: "<" and some letters the policies that may stand there, "{{" the named values.
// Also leads to the line of a mistake. Without it the editor is a text area.
(() => {
  "use strict";
  const VALUE = ">\n  <value></value>\n</";
  const PIECES = {
    "authentication-basic": 'authentication-basic username="" password="" />',
    "authentication-certificate": 'authentication-certificate certificate-id="" />',
    "authentication-oauth2": 'authentication-oauth2 token-endpoint="" client-id="" client-secret="" />',
    "authentication-shared-secret": 'authentication-shared-secret header="" secret="" />',
    "base": "base />",
    "check-header": 'check-header name="" failed-check-httpcode="401" failed-check-error-message="Not authorized" ignore-case="true"' + VALUE + "check-header>",
    "cors": "cors>\n  <allowed-origins>\n    <origin></origin>\n  </allowed-origins>\n</cors>",
    "forward-request": 'forward-request timeout="" />',
    "ip-filter": 'ip-filter action="allow">\n  <address></address>\n</ip-filter>',
    "return-response": 'return-response>\n  <set-status code="200" />\n  <set-body></set-body>\n</return-response>',
    "rewrite-uri": 'rewrite-uri template="/" />',
    "set-backend-service": 'set-backend-service backend-id="" />',
    "set-header": 'set-header name="" exists-action="override"' + VALUE + "set-header>",
    "set-query-parameter": 'set-query-parameter name="" exists-action="override"' + VALUE + "set-query-parameter>",
    "validate-client-certificate": 'validate-client-certificate validate-trust="true" />',
  };

  // What is begun at the end of a text: what is offered, what stands there of it, and what is put in its place.
  function begun(before, names, values) {
    const value = before.match(/\{\{\s*([A-Za-z0-9._-]*)$/);
    if (value) return { word: value[1], offered: values, piece: (name) => `${name}}}` };
    const element = before.match(/<([a-z-]*)$/);
    const section = [...before.matchAll(/<(\/?)(inbound|backend|outbound|on-error)\b[^>]*>/g)].pop();
    if (!element || !section || section[1] || section[0].endsWith("/>")) return null;
    const indent = before.match(/(?:^|\n)([ \t]*)<[a-z-]*$/);
    return { word: element[1], offered: names[section[2]] || [], piece: (name) => (PIECES[name] || `${name} />`).replaceAll("\n", `\n${indent ? indent[1] : ""}`) };
  }

  class Completions {
    constructor(place, area) {
      this.area = area;
      this.names = JSON.parse(place.dataset.completes);
      this.values = JSON.parse(place.dataset.values);
      this.list = document.createElement("ul");
      this.list.className = "completions";
      this.list.id = `${area.id}-completions`;
      this.list.hidden = true;
      this.list.setAttribute("role", "listbox");
      this.list.setAttribute("aria-label", place.dataset.completions);
      area.after(this.list);
      area.setAttribute("aria-autocomplete", "list");
      area.setAttribute("aria-controls", this.list.id);
      area.addEventListener("input", () => this.show());
      area.addEventListener("keydown", (event) => this.key(event));
      area.addEventListener("blur", () => this.close());
      area.addEventListener("click", () => this.close());
      this.list.addEventListener("mousedown", (event) => event.preventDefault());  // the text keeps the focus
      this.list.addEventListener("click", (event) => { if (event.target.closest("li")) this.take(event.target.closest("li").textContent); });
    }

    begun() {
      return this.area.selectionStart === this.area.selectionEnd ? begun(this.area.value.slice(0, this.area.selectionStart), this.names, this.values) : null;
    }

    show() {
      const found = this.begun();
      const offered = found ? found.offered.filter((name) => name.startsWith(found.word) && name !== found.word) : [];
      this.list.replaceChildren(...offered.map((name, position) => {
        const item = document.createElement("li");
        item.id = `${this.list.id}-${position}`;
        item.setAttribute("role", "option");
        item.textContent = name;
        return item;
      }));
      this.list.hidden = offered.length === 0;
      if (offered.length) this.putAtCaret(found.word);
      this.choose(0);
    }

    // Below what is begun. The text is of one width and does not wrap.
    putAtCaret(word) {
      const { area, list } = this, style = getComputedStyle(area), pencil = document.createElement("canvas").getContext("2d");
      pencil.font = style.font;
      const lines = area.value.slice(0, area.selectionStart).split("\n"), line = parseFloat(style.lineHeight);
      const left = area.offsetLeft + parseFloat(style.paddingLeft) + pencil.measureText(lines.at(-1).slice(0, -word.length || undefined)).width - area.scrollLeft;
      list.style.insetBlockStart = `${area.offsetTop + parseFloat(style.paddingTop) + lines.length * line - area.scrollTop + 4}px`;
      list.style.insetInlineStart = `${Math.max(0, Math.min(left, area.offsetLeft + area.clientWidth - list.offsetWidth))}px`;
    }

    close() {
      this.list.hidden = true;
      this.list.replaceChildren();
      this.area.removeAttribute("aria-activedescendant");
    }

    choose(position) {
      const items = [...this.list.children];
      if (!items.length) { this.area.removeAttribute("aria-activedescendant"); return; }
      this.chosen = (position + items.length) % items.length;
      items.forEach((item, number) => item.setAttribute("aria-selected", String(number === this.chosen)));
      this.area.setAttribute("aria-activedescendant", items[this.chosen].id);
      items[this.chosen].scrollIntoView({ block: "nearest" });
    }

    key(event) {
      if (this.list.hidden || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
      const does = {
        ArrowDown: () => this.choose(this.chosen + 1),
        ArrowUp: () => this.choose(this.chosen - 1),
        Enter: () => this.take(this.list.children[this.chosen].textContent),
        Tab: () => this.take(this.list.children[this.chosen].textContent),
        Escape: () => this.close(),
      }[event.key];
      if (!does) return;
      event.preventDefault();
      event.stopPropagation();
      does();
    }

    take(name) {
      const found = this.begun();
      if (!found) return;
      const end = this.area.selectionStart, start = end - found.word.length, piece = found.piece(name);
      this.area.focus();
      this.area.setSelectionRange(start, end + (piece.endsWith("}}") && this.area.value.slice(end, end + 2) === "}}" ? 2 : 0));
      if (!document.execCommand("insertText", false, piece)) this.area.setRangeText(piece, start, this.area.selectionEnd, "end");  // the first can be undone
      const gap = piece.search(/""|><\//);
      if (gap >= 0) this.area.setSelectionRange(start + gap + 1, start + gap + 1);
      this.close();
    }
  }

  function goTo(area, line) {
    const lines = area.value.split("\n"), start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    area.focus();
    area.setSelectionRange(start, start + (lines[line - 1] || "").length);
    area.scrollTop = (area.scrollHeight / lines.length) * Math.max(0, line - 4);
  }

  document.querySelectorAll("[data-completes]").forEach((place) => {
    const area = place.querySelector("textarea");
    if (!area) return;
    new Completions(place, area);
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-goes-to-line]");
      if (button) goTo(area, Number(button.dataset.goesToLine));
    });
  });
})();
