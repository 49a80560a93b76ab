"use strict";
(() => {
  const natural = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const text = (cell) => cell.textContent.trim();
  const all = (root, query) => Array.from(root.querySelectorAll(query));

  // Addresses sort as numbers, IPv4 first: an IPv6 address is written in full, and digits sort by value in both versions.
  const address = (value) => {
    const [host, length = ""] = value.split("/");
    if (!host.includes(":")) return value;
    const [head, tail] = host.split("::");
    const left = head ? head.split(":") : [];
    const right = tail ? tail.split(":") : [];
    const middle = tail === undefined ? [] : Array(Math.max(8 - left.length - right.length, 0)).fill("0");
    return "~" + [...left, ...middle, ...right].map((part) => part.padStart(4, "0")).join("") + "/" + length.padStart(3, "0");
  };

  const compare = (kind, up) => (one, other) => {
    if (!one.value || !other.value) return (one.value ? 0 : 1) - (other.value ? 0 : 1) || one.place - other.place;
    let order;
    if (kind === "rank" || kind === "number") order = one.number - other.number;
    else if (kind === "address" && (one.value[0] === "~" || other.value[0] === "~")) order = one.value < other.value ? -1 : one.value > other.value ? 1 : 0;
    else order = natural.compare(one.value, other.value);
    return (up ? order : -order) || one.place - other.place;
  };

  for (const table of all(document, "table.sortable")) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text(head);
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const ranked = rows.some((row) => row.cells[column].dataset.rank);
        const kind = ranked ? "rank" : head.className;
        const keyed = rows.map((row, place) => {
          const cell = row.cells[column];
          const value = text(cell);
          const number = ranked ? Number(cell.dataset.rank ?? 99) : parseFloat(value.replaceAll(",", ""));
          return { row, place, number, value: kind === "address" ? address(value) : value };
        });
        keyed.sort(compare(kind, up));
        body.append(...keyed.map((item) => item.row));
      });
    });
  }

  const cell = (value) => {
    const safe = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(value) && !/^[+-]\d+(\.\d+)?$/.test(value) ? "'" + value : value;
    return /[",\n\r]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
  };
  const csv = (table) => {
    const rows = [...table.tHead.rows, ...Array.from(table.tBodies[0].rows).filter((row) => !row.hidden)];
    const value = (td) => {
      const items = all(td, ".item").map(text);
      if (items.length) return items.join("; ");
      const sign = td.querySelector(".sign");
      const whole = sign ? text(td).slice(text(sign).length).trim() : text(td);
      return td.classList.contains("number") ? whole.replaceAll(",", "") : whole;
    };
    return rows.map((row) => Array.from(row.cells, (td) => cell(value(td))).join(",") + "\n").join("");
  };
  const copy = async (data) => {
    try {
      await navigator.clipboard.writeText(data);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = data;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };

  for (const controls of all(document, ".controls")) {
    const key = controls.dataset.for;
    const list = document.querySelector(`[data-key="${key}"]`);
    const items = list.tBodies ? Array.from(list.tBodies[0].rows) : all(list, "[data-item]");
    const search = controls.querySelector("input");
    const selects = all(controls, "select");
    const said = controls.querySelector("output");
    const words = (item, select) => {
      if (select.dataset.column === undefined) return all(item, `[data-name="${select.dataset.name}"]`).map(text);
      const td = item.cells[select.dataset.column];
      const parts = all(td, ".item");
      const sign = td.querySelector(".sign");
      if (parts.length) return parts.map(text);
      return [sign ? text(td).slice(text(sign).length).trim() : text(td)];
    };
    const haystacks = items.map((item) => item.textContent.toLowerCase());
    const apply = (remember) => {
      const wanted = search.value.trim().toLowerCase();
      const chosen = selects.filter((select) => select.value);
      let shown = 0;
      items.forEach((item, place) => {
        const fits = haystacks[place].includes(wanted) && chosen.every((select) => words(item, select).includes(select.value));
        item.hidden = !fits;
        shown += fits;
      });
      const filtered = wanted || chosen.length;
      said.textContent = filtered ? `${shown.toLocaleString("en")} of ${items.length.toLocaleString("en")} shown` : `${items.length.toLocaleString("en")} in all`;
      if (!remember) return;
      const state = new URLSearchParams();
      if (wanted) state.set("q", search.value.trim());
      for (const select of chosen) state.set(select.dataset.name, select.value);
      try {
        history.replaceState(null, "", "#" + key + (filtered ? "?" + state : ""));
      } catch {
        // Some viewers have no history; filters work all the same.
      }
    };
    search.addEventListener("input", () => apply(true));
    for (const select of selects) select.addEventListener("change", () => apply(true));
    controls.querySelector(".reset").addEventListener("click", () => {
      search.value = "";
      for (const select of selects) select.value = "";
      apply(true);
    });
    controls.querySelector(".copy")?.addEventListener("click", async () => {
      const count = items.filter((item) => !item.hidden).length;
      said.textContent = (await copy(csv(list))) ? `${count.toLocaleString("en")} rows copied` : "The browser does not allow copying";
    });
    controls.hidden = false;
    const [name, query] = location.hash.slice(1).split("?");
    if (name === key && query) {
      const state = new URLSearchParams(query);
      search.value = state.get("q") ?? "";
      for (const select of selects) select.value = state.get(select.dataset.name) ?? "";
      list.scrollIntoView();
    }
    apply(false);
  }

  // Flows that work are folded on screen; paper has all of them.
  const folded = all(document, "details.walk.good");
  for (const walk of folded) walk.open = location.hash === "#" + walk.id;
  let open = [];
  addEventListener("beforeprint", () => {
    open = all(document, "details").filter((details) => !details.open);
    for (const details of open) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of open) details.open = false;
  });
})();
