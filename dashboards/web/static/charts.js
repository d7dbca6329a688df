// Lets people read values off the trend curves: replaces the server's SVG with uPlot,
// fed from the table below it. Without this file the SVG and the table stay.

const script = document.getElementById("charts-module");
const HEIGHT = 98;
const TALL = 220;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function read(table) {
  const data = [[], [], []];
  const band = [[], []];
  const marks = { masked: [], surge: [], change: [] };
  for (const row of table.querySelectorAll("tr[data-at]")) {
    const cells = row.querySelectorAll("td");
    data[0].push(Number(row.dataset.at) / 1000);
    data[1].push(Number(cells[1].textContent));
    data[2].push(Number(cells[2].textContent.replaceAll(",", "")));
    if ("high" in row.dataset) {
      band[0].push(Number(row.dataset.high));
      band[1].push(Number(row.dataset.low));
    }
    for (const [mark, times] of Object.entries(marks)) {
      if (mark in row.dataset) times.push(Number(row.dataset.at) / 1000);
    }
  }
  const whole = band[0].length === data[0].length && band[0].length > 0;
  return { data: whole ? [...data, ...band] : data, marks, whole };
}

// Stretches in which a source was missing are hatched, so that they do not rest on colour.
function hatch(ctx) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.fillStyle = `${colour("--back")}70`;
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = colour("--muted");
  pen.beginPath();
  for (const x of [-8, 0, 8]) {
    pen.moveTo(x, 8);
    pen.lineTo(x + 8, 0);
  }
  pen.stroke();
  return ctx.createPattern(tile, "repeat");
}

// Times in which a source was missing stay visible behind the curve.
// So do bursts and the days on which the level changed.
function shade(chart, marks, step) {
  const { ctx, bbox } = chart;
  const fill = (times, style, length) => {
    ctx.fillStyle = style;
    for (const at of times) {
      const left = chart.valToPos(at, "x", true);
      const width = length ? chart.valToPos(at + length, "x", true) - left : 2;
      ctx.fillRect(left, bbox.top, Math.max(width, 2), bbox.height);
    }
  };
  ctx.save();
  fill(marks.masked, hatch(ctx), step);
  fill(marks.surge, `${colour("--warn")}50`, step);
  fill(marks.change, colour("--critical"), 0);
  ctx.restore();
}

// The marks of the calendar below a curve: brought under what uPlot draws, which has its axis
// beside it and ends with the last step.
function align(chart, strip) {
  const ratio = window.devicePixelRatio || 1;
  const width = chart.bbox.width / ratio;
  const { min, max } = chart.scales.x;
  strip.style.marginLeft = `${chart.bbox.left / ratio}px`;
  strip.style.width = `${width}px`;
  for (const mark of strip.querySelectorAll("g[data-since]")) {
    const place = (at) => (width * (Math.min(Math.max(at / 1000, min), max) - min)) / (max - min);
    const left = Math.min(place(Number(mark.dataset.since)), width - 3);
    const right = place(Number(mark.dataset.until));
    const [box, edge, number] = mark.children;
    box.setAttribute("x", left);
    box.setAttribute("width", Math.max(right - left, 3));
    edge.setAttribute("x1", left);
    edge.setAttribute("x2", left);
    number.setAttribute("x", left);
  }
}

function draw(uPlot, figure) {
  const plot = figure.querySelector(".plot");
  const table = figure.querySelector("table");
  const strip = figure.querySelector("svg.strip");
  const names = [...table.querySelectorAll("th")].map((cell) => cell.textContent);
  const hour = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit", minute: "2-digit", timeZone: document.documentElement.dataset.area,
  });
  const day = new Intl.DateTimeFormat("en-CA", {
    month: "2-digit", day: "2-digit", timeZone: document.documentElement.dataset.area,
  });
  const axis = {
    stroke: colour("--muted"), grid: { show: false }, ticks: { show: false }, font: "12px system-ui",
  };
  const { data, marks, whole } = read(table);
  const step = data[0][1] - data[0][0];
  const long = data[0].at(-1) - data[0][0] > 2 * 86400;
  const time = (seconds) => {
    const at = new Date(seconds * 1000);
    return long ? `${day.format(at)} ${hour.format(at)}` : hour.format(at);
  };
  const edge = { stroke: "transparent", width: 0, points: { show: false } };
  const box = document.createElement("div");
  const height = figure.matches(".tall") ? TALL : HEIGHT;
  const chart = new uPlot(
    {
      width: plot.clientWidth,
      height,
      cursor: { y: false, drag: { x: false, y: false } },
      hooks: {
        drawClear: [(drawn) => shade(drawn, marks, step)],
        draw: strip ? [(drawn) => align(drawn, strip)] : [],
      },
      scales: { x: { time: true }, y: { range: (_, low, high) => [0, Math.max(high, 1)] } },
      axes: [
        { ...axis, size: 22, space: long ? 110 : 50, values: (_, ticks) => ticks.map(time) },
        { ...axis, size: 30, splits: (_, axisIndex, low, high) => [0, high] },
      ],
      series: [
        { label: document.documentElement.dataset.zone, value: (_, at) => (at == null ? "–" : time(at)) },
        { label: names[1], stroke: colour("--accent"), fill: `${colour("--soft")}70`, width: 1.6, points: { show: false } },
        { label: names[2], stroke: colour("--muted"), dash: [4, 4], width: 1.2, points: { show: false } },
        ...(whole ? [{ ...edge, label: "≤" }, { ...edge, label: "≥" }] : []),
      ],
      bands: whole ? [{ series: [3, 4], fill: `${colour("--soft")}60` }] : [],
    },
    data,
    box,
  );
  plot.replaceChildren(box);
  new ResizeObserver(() => chart.setSize({ width: plot.clientWidth, height })).observe(plot);
}

const figures = document.querySelectorAll("[data-trend]");
if (figures.length > 0) {
  const { default: uPlot } = await import(script.dataset.uplot);
  for (const figure of figures) draw(uPlot, figure);
}
