"use strict";
(() => {
  const all = (query, from = document) => [...from.querySelectorAll(query)];
  const language = document.documentElement.lang;
  const collator = new Intl.Collator(language, { numeric: true, sensitivity: "base" });

  // Whatever is wider or taller than its frame can be scrolled by keyboard.
  const reach = (box) => {
    const beyond = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
    const caption = box.querySelector("caption span") || box.parentElement.querySelector("figcaption");
    if (!beyond) {
      for (const name of ["tabindex", "role", "aria-labelledby"]) box.removeAttribute(name);
      return;
    }
    if (!caption.id) caption.id = box.parentElement.id + "-caption";
    box.setAttribute("tabindex", "0");
    box.setAttribute("role", "region");
    box.setAttribute("aria-labelledby", caption.id);
  };

  // Tables: a heading sorts its column; what is unknown stays last either way.
  const told = (row, at) => {
    const cell = row.cells[at];
    if ("v" in cell.dataset) return cell.dataset.v === "" ? null : Number(cell.dataset.v);
    const text = cell.textContent.trim();
    return text === "\u2013" ? null : text;
  };
  const compare = (a, b) => (typeof a === "number" ? (a > b) - (a < b) : collator.compare(a, b));
  const sort = (table, at, direction) => {
    const rows = [...table.tBodies[0].rows].map((row) => [told(row, at), row]);
    rows.sort(([a], [b]) => (a === null) - (b === null) || (a === null ? 0 : direction * compare(a, b)));
    table.tBodies[0].append(...rows.map(([, row]) => row));
  };
  const makeSortable = (table) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const before = head.getAttribute("aria-sort");
        // Of numbers, the largest are what readers look for first.
        const first = head.classList.contains("n") ? "descending" : "ascending";
        const other = first === "ascending" ? "descending" : "ascending";
        const after = before === first ? other : first;
        for (const each of heads) each.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", after);
        sort(table, at, after === "ascending" ? 1 : -1);
      });
    });
  };
  const makeFiltered = (box) => {
    const [input, output] = [box.querySelector("input"), box.querySelector("output")];
    const rows = [...box.parentElement.querySelector("tbody").rows];
    const words = output.textContent;
    const texts = rows.map((row) => row.textContent.normalize("NFKC").toLocaleLowerCase(language));
    const show = () => {
      const wanted = input.value.normalize("NFKC").toLocaleLowerCase(language).split(/\s+/);
      rows.forEach((row, at) => { row.hidden = !wanted.every((word) => texts[at].includes(word)); });
      const shown = rows.filter((row) => !row.hidden).length;
      output.textContent = words.replace("{shown}", shown).replace("{count}", rows.length);
    };
    input.addEventListener("input", show);
    box.hidden = false;
    show();
    return () => { input.value = ""; show(); };
  };
  for (const box of all(".table .scroll")) {
    if (box.querySelector("tbody").rows.length > 30) box.classList.add("tall");
  }
  for (const table of all("table")) if (table.tBodies[0].rows.length > 1) makeSortable(table);
  const clear = all(".filter").map(makeFiltered);
  // A link to a row shows it, whatever is filtered.
  addEventListener("hashchange", () => {
    const row = document.getElementById(location.hash.slice(1));
    if (!row || !row.hidden) return;
    clear.forEach((each) => each());
    row.scrollIntoView();
  });

  // Maps: what is known of a site is told where its disc is pointed to, reached by keyboard, or touched.
  const told_of = new Map(
    all("[data-spot]", document.getElementById("page-spots").content).map((each) => [each.dataset.spot, each]));
  const tip = document.createElement("div");
  tip.id = "page-tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.querySelector("main").append(tip);
  let current = null;
  let touched = false;

  const place = () => {
    if (!current) return;
    const [disc, own] = [current.getBoundingClientRect(), tip.getBoundingClientRect()];
    const room = document.documentElement;
    const left = Math.min(disc.left + disc.width / 2 - own.width / 2, room.clientWidth - own.width - 4);
    const above = disc.top - own.height - 6;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${above >= 4 ? above : Math.min(disc.bottom + 6, room.clientHeight - own.height - 4)}px`;
  };
  const hide = () => {
    if (!current) return;
    current.classList.remove("on");
    current.removeAttribute("aria-describedby");
    current = null;
    tip.hidden = true;
  };
  const show = (disc) => {
    const spot = told_of.get(disc.getAttribute("href").replace("#site-", ""));
    if (disc === current || !spot) return;
    hide();
    current = disc;
    tip.replaceChildren(...spot.cloneNode(true).childNodes);
    tip.hidden = false;
    disc.classList.add("on");
    disc.setAttribute("aria-describedby", tip.id);
    place();
  };
  const spotOf = (target) => (target instanceof Element ? target.closest("a.spot") : null);
  const nearest = (svg, x, y, most) => {
    let [found, least] = [null, most];
    for (const disc of all("a.spot", svg)) {
      const box = disc.getBoundingClientRect();
      const away = Math.hypot(x - box.left - box.width / 2, y - box.top - box.height / 2) - box.width / 2;
      if (away < least) [found, least] = [disc, away];
    }
    return found;
  };

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const disc = spotOf(event.target);
    if (disc) show(disc);
    else if (!tip.contains(event.target) && !(current && current === document.activeElement)) hide();
  });
  document.addEventListener("focusin", (event) => {
    const disc = spotOf(event.target);
    if (disc && !touched) show(disc);
    else if (!disc) hide();
  });
  document.addEventListener("focusout", (event) => { if (spotOf(event.target)) hide(); });
  document.addEventListener("pointerdown", (event) => { touched = event.pointerType === "touch"; }, true);
  document.addEventListener("click", (event) => {
    const svg = event.target instanceof Element ? event.target.closest("figure svg") : null;
    if (!touched) return;
    touched = false;
    const disc = svg ? nearest(svg, event.clientX, event.clientY, 24) : null;
    // The first touch tells, the second goes to the row.
    if (disc && disc === current && spotOf(event.target) === disc) return;
    if (svg) event.preventDefault();
    if (disc) show(disc);
    else if (!tip.contains(event.target)) hide();
  });
  document.addEventListener("keydown", (event) => {
    touched = false;
    if (event.key === "Escape") hide();
    const disc = spotOf(event.target);
    if (!disc || event.altKey || event.ctrlKey || event.metaKey) return;
    const discs = all("a.spot", disc.closest("svg"));
    const at = discs.indexOf(disc);
    const next = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0,
      End: discs.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const other = discs[(next + discs.length) % discs.length];
    disc.tabIndex = -1;
    other.tabIndex = 0;
    other.focus();
  });
  addEventListener("scroll", place, { capture: true, passive: true });
  for (const svg of all("figure svg")) {
    // One stop for each map; the arrow keys go on from there.
    all("a.spot", svg).forEach((disc, at) => { disc.tabIndex = at ? -1 : 0; });
  }
  for (const hint of all(".hint")) hint.hidden = false;

  const reachAll = () => all(".scroll").forEach(reach);
  addEventListener("resize", () => { reachAll(); place(); });
  reachAll();
})();
