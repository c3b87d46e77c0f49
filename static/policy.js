// Completes the names of policies: "<" and some letters offer those that begin so. Without it the editor is a text area.
(() => {
  "use strict";
  const PIECES = {
    "set-header": 'set-header name="" exists-action="override">\n      <value></value>\n    </set-header>',
    "set-query-parameter": 'set-query-parameter name="" exists-action="override">\n      <value></value>\n    </set-query-parameter>',
    "check-header": 'check-header name="" failed-check-httpcode="401" failed-check-error-message="" ignore-case="true">\n      <value></value>\n    </check-header>',
    "ip-filter": 'ip-filter action="allow">\n      <address></address>\n    </ip-filter>',
    "rewrite-uri": 'rewrite-uri template="/" />',
    "return-response": 'return-response>\n      <set-status code="200" />\n      <set-body></set-body>\n    </return-response>',
    "forward-request": 'forward-request timeout="60" />',
    "authentication-certificate": 'authentication-certificate certificate-id="" />',
    "authentication-basic": 'authentication-basic username="" password="" />',
    "cors": 'cors>\n      <allowed-origins>\n        <origin></origin>\n      </allowed-origins>\n    </cors>',
    "validate-client-certificate": 'validate-client-certificate validate-trust="true" />',
  };

  document.querySelectorAll("[data-completes]").forEach((place) => {
    const area = place.querySelector("textarea");
    if (!area) return;
    const names = place.dataset.completes.split(" ");
    const list = document.createElement("ul");
    list.className = "completions row";
    list.id = `${area.id}-completions`;
    list.hidden = true;
    area.after(list);
    area.setAttribute("aria-controls", list.id);

    const begun = () => {
      const before = area.value.slice(0, area.selectionStart).match(/<([a-z-]+)$/);
      return before ? before[1] : "";
    };
    const found = () => {
      const word = begun();
      return word ? names.filter((name) => name.startsWith(word)) : [];
    };
    const close = () => { list.hidden = true; list.replaceChildren(); };
    const take = (name) => {
      const word = begun();
      const piece = PIECES[name] || `${name} />`;
      const start = area.selectionStart - word.length;
      area.setRangeText(piece, start, area.selectionStart, "end");
      const gap = piece.search(/""|><\//);
      if (gap >= 0) area.setSelectionRange(start + gap + 1, start + gap + 1);
      close();
      area.focus();
      area.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const show = () => {
      const offered = found();
      list.replaceChildren(...offered.map((name) => {
        const item = document.createElement("li");
        const button = document.createElement("button");
        button.type = "button";
        button.className = "button quiet";
        button.textContent = name;
        button.addEventListener("click", () => take(name));
        item.append(button);
        return item;
      }));
      list.hidden = offered.length === 0;
    };
    area.addEventListener("input", show);
    area.addEventListener("keydown", (event) => {
      if (list.hidden) return;
      if (event.key === "Escape") { close(); event.stopPropagation(); }
      if (event.key === "Tab" && !event.shiftKey && found().length) { event.preventDefault(); take(found()[0]); }
    });
  });
})();
