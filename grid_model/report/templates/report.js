"use strict";
/* Draws the figures of the page: those that stand still as they are, those that follow an area, a window or a time from
   packed series. A figure is drawn when it comes into sight, and again when its language, area, window or width changes. */
(() => {
  const payload = JSON.parse(document.getElementById("payload").textContent);
  const MISSING = -3000, DAY = 1440, WEEK = 7 * DAY, MOST_POINTS = 1500, NARROW = 620, FLOWS_ON_NARROW = 20, MOST_UPRIGHT = 8;
  const state = { language: payload.language, explorers: {}, map: { quantity: null, slot: 0 }, visible: new Set() };
  const unpacked = new Map();
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const say = words => words[state.language];
  const plain = text => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

  // ---------------------------------------------------------------------------------------------------------- values

  async function unpack(name, packed) {
    if (!unpacked.has(name)) unpacked.set(name, inflate(packed));
    return unpacked.get(name);
  }

  async function inflate(packed) {
    const bytes = Uint8Array.from(atob(packed.data), sign => sign.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const codes = new Int16Array(await new Response(stream).arrayBuffer());
    const values = {};
    packed.keys.forEach((key, row) => {
      const series = new Float64Array(packed.length);
      for (let place = 0, sum = 0; place < packed.length; place++) {
        sum += codes[row * packed.length + place];
        series[place] = sum === MISSING ? NaN : sum * packed.scales[row];
      }
      values[key] = series;
    });
    return values;
  }

  const moment = minutes => new Date(minutes * 60000).toISOString().slice(0, 16).replace("T", " ");

  /** Values of an area in the window of an explorer, as means of days where there are more steps than can be told apart. */
  async function windowed(explorer) {
    const packed = payload.series[explorer.area], times = payload.time[packed.time];
    const values = await unpack("series " + explorer.area, packed);
    const [from, to] = span(explorer);
    const first = times.findIndex(time => time >= from), after = times.findIndex(time => time >= to);
    const start = Math.max(first, 0), end = after < 0 ? times.length : after;
    const daily = end - start > MOST_POINTS;
    const groups = daily ? byDay(times, start, end) : null;
    const x = daily ? groups.map(group => moment(times[group[0]])) : times.slice(start, end).map(moment);
    const pick = key => key in values ? (daily ? groups.map(([a, b]) => mean(values[key], a, b)) : Array.from(values[key].subarray(start, end))) : null;
    return { x, pick, daily, end: moment(end < times.length ? times[end] : times[end - 1] + (times.length > 1 ? times[1] - times[0] : 60)) };
  }

  function byDay(times, start, end) {
    const groups = [];
    for (let place = start; place < end; place++) {
      const day = Math.floor(times[place] / DAY), last = groups[groups.length - 1];
      if (last && last[2] === day) last[1] = place + 1; else groups.push([place, place + 1, day]);
    }
    return groups;
  }

  function mean(series, start, end) {
    let sum = 0, count = 0;
    for (let place = start; place < end; place++) if (!Number.isNaN(series[place])) { sum += series[place]; count++; }
    return count ? sum / count : NaN;
  }

  function span(explorer) {
    const times = payload.time.fine, step = times.length > 1 ? times[1] - times[0] : 60;
    if (explorer.window === "all") return [times[0], times[times.length - 1] + step];
    return [explorer.from, explorer.from + (explorer.window === "day" ? DAY : WEEK)];
  }

  // --------------------------------------------------------------------------------------------------------- drawing

  const copy = value => JSON.parse(JSON.stringify(value));

  async function draw(key) {
    const box = document.getElementById("figure-" + key), canvas = one(".canvas", box);
    const figure = copy(payload.figures[key][state.language]);
    const source = payload.figures[key].source;
    if (key === "map") await fillMap(figure);
    else if (source !== "none" && explorerOf(key)) await fill(figure, explorerOf(key), source);
    fit(figure, canvas.clientWidth);
    const config = { responsive: false, displaylogo: false, displayModeBar: false, scrollZoom: false };
    await Plotly.react(canvas, figure.data, figure.layout, config);
    legend(box, figure);
    canvas.style.minHeight = "0";
    canvas.dataset.drawn = state.language;
    link(key, canvas);
  }

  async function fill(figure, explorer, source) {
    let shown;
    if (source === "duration") {
      const values = await unpack("duration " + explorer.area, payload.duration[explorer.area]);
      shown = { x: null, pick: key => key in values ? Array.from(values[key]) : null };
    } else shown = await windowed(explorer);
    for (const trace of figure.data) {
      const values = shown.pick(trace.meta);
      trace.visible = values !== null && values.some(value => Math.abs(value) > 0);
      if (shown.x) trace.x = String(trace.meta).startsWith("level:") && !shown.daily ? shown.x.slice(1).concat(shown.end) : shown.x;
      trace.y = values || [];
      if (shown.end && trace.line && trace.line.shape === "hv" && trace.y.length) { trace.x = shown.x.concat(shown.end); trace.y.push(trace.y[trace.y.length - 1]); }
    }
    figure.data = figure.data.filter(trace => trace.visible);
    if (shown.end) figure.layout.xaxis.range = [shown.x[0], shown.end];
    figure.aligned = longestName(explorer);
    const area = payload.areas.find(one => one.key === explorer.area);
    if (source === "duration" || figure.data.some(trace => trace.meta === "price")) focus(figure);
    figure.layout.title.text = plain(say(area.name)) + " · " + figure.layout.title.text + (shown.daily ? " (" + say(payload.words.daily_means) + ")" : "");
    if (!figure.data.length) nothing(figure);
  }

  /** Few hours at prices far from all others: the axis shows the others, and the extremes are told in words. */
  function focus(figure) {
    const values = figure.data.flatMap(trace => trace.y).filter(Number.isFinite).sort((a, b) => a - b);
    const at = part => values[Math.round(part * (values.length - 1))], [low, high] = [at(0.05), at(0.95)];
    const room = Math.max(high - low, Math.abs(high) / 10, 1), [least, most] = [at(0), at(1)];
    const near = values.filter(value => value >= low - 2 * room && value <= high + 2 * room);
    if (near.length === values.length) return;
    figure.layout.yaxis = { ...figure.layout.yaxis, autorange: false, range: [near[0] - room / 10, near[near.length - 1] + room / 10] };
    const told = [most, least].map(value => Math.round(value).toLocaleString("en").replace("-", "\u2212"));
    figure.layout.title.text += ": " + plain(say(payload.words.beyond)).replace("{0}", told[0]).replace("{1}", told[1]);
  }

  /** Width of the longest name beside the figures of an explorer: all leave as much room, so that their times stand in line. */
  function longestName(explorer) {
    const names = explorer.figures.flatMap(key => payload.figures[key][state.language].data.map(trace => trace.name || ""));
    return Math.max(...names.map(name => [...name].reduce((sum, sign) => sum + (sign.charCodeAt(0) > 255 ? 11 : 6.2), 0)));
  }

  function nothing(figure) {
    figure.layout.xaxis.visible = figure.layout.yaxis.visible = false;
    figure.layout.height = 110;
    figure.layout.annotations = [{ text: "0", showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5 }];
  }

  /** Room for the legend: beside the figure on a wide page, below it on a narrow one. */
  function fit(figure, width) {
    const layout = figure.layout, entries = figure.data.filter(trace => trace.name && trace.showlegend !== false);
    layout.width = width;
    const map = layout.xaxis && layout.xaxis.visible === false && figure.data[0]?.type === "heatmap";
    if (width < NARROW) {
      layout.font.size = 11;
      layout.margin = { ...layout.margin, l: 48, r: 8, b: 40 };
      if (map || figure.data[0]?.type !== "heatmap") layout.height = Math.min(layout.height, map ? 560 : 420);
      layout.showlegend = false;
      layout.title.font.size = 13;
      if (!map) Object.assign(layout.title, { xref: "container", x: 0.02, text: layout.title.text.replace(": ", ":<br>") });
      if (layout.title.text.includes("<br>")) layout.margin.t = 56, layout.title.y = 0.94;
      for (const trace of figure.data) if (trace.colorbar) Object.assign(trace.colorbar, { orientation: "h", y: map ? -0.02 : -0.16, yanchor: "top", x: 0.5, len: 0.9, thickness: 10 }), trace.colorbar.title.side = "top", layout.margin.b = 90;
    } else {
      layout.margin.r = figure.aligned ? Math.max(190, 64 + figure.aligned) : entries.length > 1 ? 190 : 20;
      layout.legend = { ...layout.legend, x: 1.01, y: 1, yanchor: "top" };
    }
    if (layout.xaxis?.type === "category" && figure.data[0]?.x.length > MOST_UPRIGHT) Object.assign(layout.xaxis, width < NARROW ? { tickangle: -90, tickfont: { size: 9 } } : { tickangle: -45 });
    if (figure.data[0] && figure.data[0].type === "sankey") layout.margin.r = layout.margin.l = 12;
    if (figure.data[0] && figure.data[0].type === "heatmap") layout.margin.r = width < NARROW ? 8 : 20;
    if (map) layout.margin.l = width < NARROW ? 4 : 20, layout.title.automargin = true;
  }

  /** On a narrow page names and colours stand below the figure, as many in a row as fit. */
  function legend(box, figure) {
    one(".swatches", box)?.remove();
    const entries = figure.data.filter(trace => trace.name && trace.visible !== false);
    if (figure.layout.showlegend !== false || entries.length < 2 || figure.data[0].type === "heatmap") return;
    const list = Object.assign(document.createElement("ul"), { className: "swatches" });
    for (const trace of entries) {
      const item = document.createElement("li"), swatch = document.createElement("span");
      const colour = trace.fillcolor || (trace.marker && trace.type === "bar" ? trace.marker.color : trace.line ? trace.line.color : trace.marker.color);
      const hatched = trace.fillpattern && trace.fillpattern.shape;
      swatch.style.background = hatched ? `repeating-linear-gradient(45deg, ${colour} 0 2px, #fff 2px 5px)` : colour;
      item.append(swatch, trace.name.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&"));
      list.append(item);
    }
    box.append(list);
  }

  /** Figures over time of one explorer zoom together. */
  function link(key, canvas) {
    const explorer = explorerOf(key);
    if (!explorer || !explorer.windowed || canvas.dataset.linked) return;
    canvas.dataset.linked = "1";
    canvas.on("plotly_relayout", change => {
      const ranged = "xaxis.range[0]" in change, reset = change["xaxis.autorange"];
      if (state.linking || !(ranged || reset)) return;
      state.linking = true;
      const update = reset ? { "xaxis.autorange": true } : { "xaxis.range": [change["xaxis.range[0]"], change["xaxis.range[1]"]] };
      const others = explorer.figures.filter(other => other !== key).map(other => one("#figure-" + other + " .canvas")).filter(other => other.dataset.drawn);
      Promise.all(others.map(other => Plotly.relayout(other, update))).finally(() => { state.linking = false; });
    });
  }

  // ------------------------------------------------------------------------------------------------------------- map

  async function fillMap(figure) {
    const map = payload.map, slot = state.map.slot, quantity = map.quantities[state.map.quantity];
    const values = await unpack("map " + state.map.quantity, quantity);
    const at = row => (String(row) in values ? values[row][slot] : 0);
    const tiles = figure.data.find(trace => trace.meta === "tiles"), names = figure.data.find(trace => trace.meta === "names");
    const [low, high] = quantity.limits, empty = tiles.text.map(row => row.map(() => null)), bright = [];
    map.zones.forEach((_, row) => {
      const value = at(row);
      empty[Math.round(names.y[row] - 0.26)][names.x[row]] = Number.isNaN(value) ? null : value;
      bright.push(Number.isNaN(value) || (value - low) / (high - low) >= 0.5 ? "#111111" : "#ffffff");
    });
    Object.assign(tiles, { z: empty, zmin: low, zmax: high });
    tiles.colorbar.title.text = plain(say(quantity.name) + ", " + say(quantity.unit));
    names.textfont.color = bright;
    const narrow = document.getElementById("figure-map").clientWidth < NARROW;
    if (narrow) {
      names.text = map.zones.map((zone, row) => plain(state.language === "en" ? map.codes[row] : say(zone)));
      names.textfont.size = 10;
    }
    figure.layout.title.text = plain(say(map.slots[slot]));
    if (map.pairs) await fillArrows(figure, slot, names, narrow);
  }

  /** All flows on a wide page; on a narrow one those that carry most, thinner, and the title says so. */
  async function fillArrows(figure, slot, names, narrow) {
    const power = await unpack("power", payload.map.power), full = await unpack("full", payload.map.full);
    const greatest = Math.max(...Object.values(power).map(series => Math.max(...series.map(Math.abs)))) || 1;
    const arrows = figure.data.filter(trace => trace.meta === "arrow"), size = narrow ? 0.5 : 1;
    const sizes = arrows.map((_, row) => (row in power ? Math.abs(power[row][slot]) : 0)).sort((a, b) => b - a);
    const least = narrow && sizes.length > FLOWS_ON_NARROW ? sizes[FLOWS_ON_NARROW - 1] : 0;
    if (least) figure.layout.title.text += " · " + plain(say(payload.words.greatest_flows)).replace("{count}", FLOWS_ON_NARROW);
    arrows.forEach((trace, row) => {
      const sent = row in power ? power[row][slot] : 0, part = row in full ? full[row][slot] : 0;
      const ends = payload.map.pairs.ends[row], [start, end] = sent >= 0 ? ends : [ends[1], ends[0]];
      const x0 = names.x[start], y0 = names.y[start] - 0.36, x1 = names.x[end], y1 = names.y[end] - 0.36;
      const width = Math.abs(sent) / greatest, colour = part > 0.5 ? payload.colours.full : payload.colours.flow;
      Object.assign(trace, { x: [x0, x0 + 0.58 * (x1 - x0), x1], y: [y0, y0 + 0.58 * (y1 - y0), y1], opacity: sent && Math.abs(sent) >= least ? 1 : 0, hoverinfo: Math.abs(sent) >= least ? "text" : "skip" });
      trace.line = { width: size * (1 + 6 * width), color: colour };
      trace.marker.size = [0, size * (9 + 9 * width), 0];
      trace.marker.color = colour;
      trace.marker.angle = [0, Math.atan2(x1 - x0, y1 - y0) * 180 / Math.PI, 0];
      trace.text = ["", plain(say(payload.map.pairs.names[row])) + "<br>" + Math.round(Math.abs(sent)).toLocaleString("en") + " MW, " + plain(say(payload.words.congestion_share)) + " " + Math.round(100 * part) + "%", ""];
    });
  }

  // -------------------------------------------------------------------------------------------------------- controls

  const explorerOf = key => Object.values(state.explorers).find(explorer => explorer.figures.includes(key));
  const redraw = keys => Promise.all(keys.filter(key => state.visible.has(key)).map(draw)).catch(report);
  const report = error => { console.error(error); };

  function options(select, entries) {
    const chosen = select.value;
    select.replaceChildren(...entries.map(([value, text, group]) => Object.assign(document.createElement("option"), { value, textContent: text, group })));
    if (chosen) select.value = chosen;
  }

  function levels(select) {
    const chosen = select.value;
    select.replaceChildren();
    for (const level of ["whole_grid", "regions", "zones"]) {
      const mine = payload.areas.filter(area => area.level === level);
      if (!mine.length) continue;
      const group = document.createElement("optgroup");
      group.label = say(payload.words[level]);
      group.append(...mine.map(area => Object.assign(document.createElement("option"), { value: area.key, textContent: say(area.name) })));
      select.append(group);
    }
    if (chosen) select.value = chosen;
  }

  function showWindow(explorer) {
    const times = payload.time.fine, [from, to] = span(explorer), box = explorer.box;
    for (const button of all("[data-window]", box)) button.setAttribute("aria-pressed", button.dataset.window === explorer.window);
    one(".earlier", box).disabled = explorer.window === "all" || from <= times[0];
    one(".later", box).disabled = explorer.window === "all" || to > times[times.length - 1];
    one(".shown", box).textContent = moment(from) + " – " + moment(to);
  }

  function explore(box) {
    const times = payload.time.fine, long = times[times.length - 1] - times[0];
    const explorer = { box, area: payload.areas[0].key, window: long > WEEK ? "week" : "all", from: times[0], figures: box.dataset.figures.trim().split(" "), windowed: box.dataset.windowed === "1" };
    state.explorers[box.dataset.explorer] = explorer;
    const select = one(".area", box);
    select.addEventListener("change", () => { explorer.area = select.value; redraw(explorer.figures); });
    if (!explorer.windowed) return;
    const change = () => { showWindow(explorer); redraw(explorer.figures); };
    for (const button of all("[data-window]", box)) button.addEventListener("click", () => { explorer.window = button.dataset.window; change(); });
    const move = sign => {
      const by = explorer.window === "day" ? DAY : WEEK, last = times[times.length - 1];
      explorer.from = Math.min(Math.max(explorer.from + sign * by, times[0]), Math.max(times[0], last - last % DAY));
      change();
    };
    one(".earlier", box).addEventListener("click", () => move(-1));
    one(".later", box).addEventListener("click", () => move(1));
    showWindow(explorer);
  }

  function mapControls() {
    const box = one("[data-map]");
    if (!box) return;
    state.map.quantity = Object.keys(payload.map.quantities)[0];
    const select = one(".quantity", box), slider = one(".slot", box);
    const change = () => { one(".shown", box).textContent = say(payload.map.slots[state.map.slot]); redraw(["map"]); };
    select.addEventListener("change", () => { state.map.quantity = select.value; change(); });
    slider.addEventListener("input", () => { state.map.slot = Number(slider.value); change(); });
  }

  function speak(language) {
    state.language = language;
    document.documentElement.lang = language;
    for (const button of all("#language button")) button.setAttribute("aria-pressed", button.dataset.language === language);
    for (const explorer of Object.values(state.explorers)) levels(one(".area", explorer.box));
    const box = one("[data-map]");
    if (box) {
      options(one(".quantity", box), Object.entries(payload.map.quantities).map(([key, quantity]) => [key, say(quantity.name)]));
      one(".shown", box).textContent = say(payload.map.slots[state.map.slot]);
    }
    return redraw([...state.visible]);
  }

  // ----------------------------------------------------------------------------------------------------------- start

  all("[data-explorer]").forEach(explore);
  mapControls();
  for (const button of all("#language button")) button.addEventListener("click", () => speak(button.dataset.language));
  speak(payload.language);
  const watcher = new IntersectionObserver(entries => {
    for (const entry of entries) {
      const key = entry.target.dataset.figure;
      if (entry.isIntersecting && !state.visible.has(key)) { state.visible.add(key); draw(key).catch(report); }
    }
  }, { rootMargin: "300px" });
  for (const box of all(".figure")) {
    one(".canvas", box).style.minHeight = payload.figures[box.dataset.figure][state.language].layout.height + "px";
    watcher.observe(box);
  }
  let width = window.innerWidth, waiting;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(() => redraw([...state.visible]), 150);
  });
  window.addEventListener("beforeprint", () => all(".figure").forEach(box => { state.visible.add(box.dataset.figure); draw(box.dataset.figure).catch(report); }));
})();
