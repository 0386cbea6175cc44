// Sorting, filtering and copying of tables. The page is whole without it.
(() => {
  "use strict";
  const LEAST_ROWS_TO_FILTER = 8;
  const UNITS = {h: 3600, min: 60, s: 1, B: 1 / 1048576, KiB: 1 / 1024, MiB: 1, GiB: 1024};
  const spaced = text => text.replace(/\s+/g, " ").trim();

  const words = cell => {
    const copy = cell.cloneNode(true);
    copy.querySelectorAll("br").forEach(part => part.replaceWith(" "));
    copy.querySelectorAll(".role, .script, .small, .tag").forEach(part => part.prepend(" "));
    return spaced(copy.textContent);
  };

  // The cells of rows as a grid: a cell that spans several places is in each of them.
  const grid = rows => {
    const places = rows.map(() => []);
    rows.forEach((row, y) => [...row.cells].forEach(cell => {
      let x = 0;
      while (places[y][x]) x += 1;
      for (let down = 0; down < cell.rowSpan && y + down < rows.length; down += 1)
        for (let right = 0; right < cell.colSpan; right += 1) places[y + down][x + right] = cell;
    }));
    return places;
  };

  // A number, a time or a size as a number; null for words.
  const amount = text => {
    const plain = text.replace(/−/g, "-").replace(/,/g, "").replace(/^(under|about) /, "");
    const parts = [...plain.matchAll(/([\d.]+) (h|min|s|B|KiB|MiB|GiB)\b/g)];
    if (parts.length && parts[0].index === 0)
      return parts.reduce((sum, [, number, unit]) => sum + number * UNITS[unit], 0);
    const first = plain.match(/^[+-]?(\d+\.?\d*|\.\d+)/);
    return first ? Number(first[0]) : null;
  };

  const isGroup = row => row.cells.length === 1 || row.querySelector("[scope=rowgroup]") !== null;

  class Table {
    constructor(table) {
      this.table = table;
      this.bodies = [...table.tBodies].map(body => ({body, rows: [...body.rows]}));
      this.column = -1;
      this.order = 0;
      this.query = [];
    }

    rows() { return this.bodies.flatMap(({rows}) => rows); }

    arrange() {
      for (const {body, rows} of this.bodies) {
        const groups = rows.filter(isGroup);
        const hideGroups = groups.length > 1 && this.order !== 0;
        body.append(...(this.order === 0 ? rows : this.sorted(rows)));
        for (const row of rows) {
          const text = words(row).toLowerCase();
          row.hidden = isGroup(row)
            ? hideGroups || (this.query.length > 0 && groups.length > 1)
            : !this.query.every(word => text.includes(word));
        }
      }
    }

    sorted(rows) {
      const head = rows.filter(row => isGroup(row) || row.matches(".macro"));
      const keyed = rows.filter(row => !head.includes(row)).map(row => {
        const text = words(grid([row])[0][this.column] || row);
        return {row, text, number: amount(text)};
      });
      const numbers = keyed.filter(({number}) => number !== null).length * 2 > keyed.length;
      keyed.sort((one, other) => {
        if (!numbers) return this.order * one.text.localeCompare(other.text);
        if (one.number === null || other.number === null)
          return (one.number === null) - (other.number === null);
        return this.order * (one.number - other.number);
      });
      return [...head, ...keyed.map(({row}) => row)];
    }

    addSorting() {
      const places = grid([...this.table.tHead.rows]);
      const heads = places[places.length - 1];
      heads.forEach((head, column) => {
        if (head.colSpan > 1 || !words(head)) return;
        const button = document.createElement("button");
        button.type = "button";
        button.className = "sort";
        button.title = "Sort by this column";
        button.append(...head.childNodes);
        head.append(button);
        head.setAttribute("aria-sort", "none");
        button.addEventListener("click", () => {
          const next = {0: -1, [-1]: 1, 1: 0};
          this.order = this.column === column ? next[this.order] : -1;
          this.column = column;
          for (const each of heads) if (each.hasAttribute("aria-sort")) each.setAttribute("aria-sort", "none");
          if (this.order) head.setAttribute("aria-sort", this.order < 0 ? "descending" : "ascending");
          this.arrange();
        });
      });
    }

    // What is shown, in its order: the head in one row, then the rows, as words.
    shown() {
      const heads = grid([...this.table.tHead.rows]);
      const top = heads[0].map((_, x) => [...new Set(heads.map(row => row[x]))].map(words).join(" "));
      const rows = [...this.table.tBodies].flatMap(body => grid([...body.rows].filter(row => !row.hidden)));
      return [top, ...rows.map(row => row.map((cell, x) => (row.indexOf(cell) === x ? words(cell) : "")))];
    }
  }

  const markdown = rows => {
    const line = cells => `| ${cells.map(cell => cell.replace(/\|/g, "\\|")).join(" | ")} |`;
    return [line(rows[0]), line(rows[0].map((_, x) => (x ? "--:" : ":--"))), ...rows.slice(1).map(line)].join("\n") + "\n";
  };

  const LATEX = {
    "\\": "\\textbackslash{}", "&": "\\&", "%": "\\%", "$": "\\$", "#": "\\#", "_": "\\_", "{": "\\{", "}": "\\}",
    "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "$<$", ">": "$>$", "−": "$-$", "–": "--", "≈": "$\\approx$",
    "▲": "$\\blacktriangle$", "▼": "$\\blacktriangledown$", "○": "$\\circ$", "·": "$\\cdot$", "→": "$\\rightarrow$",
    "≠": "$\\neq$",
  };
  const latex = rows => {
    const line = cells => `${cells.map(cell => cell.replace(/./gu, sign => LATEX[sign] || sign)).join(" & ")} \\\\`;
    return [
      "% \\usepackage{booktabs,amssymb}", `\\begin{tabular}{l${"r".repeat(rows[0].length - 1)}}`, "\\toprule",
      line(rows[0]), "\\midrule", ...rows.slice(1).map(line), "\\bottomrule", "\\end{tabular}",
    ].join("\n") + "\n";
  };

  const copyButton = (table, name, format) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", async () => {
      const text = format(table.shown());
      const place = button.parentElement;
      place.querySelector(".copied")?.remove();
      try {
        await navigator.clipboard.writeText(text);
        place.querySelector("output").textContent = `${name} is in the clipboard`;
      } catch {
        const area = document.createElement("textarea");
        area.className = "copied";
        area.readOnly = true;
        area.value = text;
        area.setAttribute("aria-label", `The table as ${name}`);
        place.append(area);
        area.select();
      }
    });
    return button;
  };

  const addTools = (region, table) => {
    const tools = document.createElement("div");
    tools.className = "tools";
    const rowCount = document.createElement("output");
    if (table.rows().filter(row => !isGroup(row)).length >= LEAST_ROWS_TO_FILTER) {
      const filter = document.createElement("input");
      filter.type = "search";
      filter.placeholder = "Filter rows";
      filter.setAttribute("aria-label", `Filter rows: ${region.getAttribute("aria-label")}`);
      filter.addEventListener("input", () => {
        table.query = spaced(filter.value.toLowerCase()).split(" ").filter(Boolean);
        table.arrange();
        const left = table.rows().filter(row => !row.hidden && !isGroup(row)).length;
        rowCount.textContent = table.query.length ? `${left} rows` : "";
      });
      tools.append(filter);
    }
    tools.append(rowCount, "Headings sort. Copy as", copyButton(table, "Markdown", markdown), copyButton(table, "LaTeX", latex));
    region.before(tools);
  };

  for (const region of document.querySelectorAll(".scroll")) {
    const table = region.querySelector(":scope > table");
    if (!table || !table.tHead) continue;
    const own = new Table(table);
    own.addSorting();
    addTools(region, own);
    new ResizeObserver(() => region.toggleAttribute("data-cut", region.scrollWidth > region.clientWidth + 1)).observe(region);
  }
})();
