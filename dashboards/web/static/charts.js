// Lets people read values off the trend curves: replaces the server's SVG with uPlot,
// fed from the table below it. Without this file the SVG and the table stay.

const script = document.getElementById("charts-module");
const HEIGHT = 98;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function read(table) {
  const data = [[], [], []];
  const masked = [];
  for (const row of table.querySelectorAll("tr[data-at]")) {
    const cells = row.querySelectorAll("td");
    data[0].push(Number(row.dataset.at) / 1000);
    data[1].push(Number(cells[1].textContent));
    data[2].push(Number(cells[2].textContent.replaceAll(",", "")));
    if ("masked" in row.dataset) masked.push(Number(row.dataset.at) / 1000);
  }
  return { data, masked };
}

// Times in which a source was missing stay visible behind the curve.
function shade(chart, masked, step) {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.fillStyle = `${colour("--back")}90`;
  for (const at of masked) {
    const left = chart.valToPos(at, "x", true);
    ctx.fillRect(left, bbox.top, chart.valToPos(at + step, "x", true) - left, bbox.height);
  }
  ctx.restore();
}

function draw(uPlot, figure) {
  const plot = figure.querySelector(".plot");
  const table = figure.querySelector("table");
  const names = [...table.querySelectorAll("th")].map((cell) => cell.textContent);
  const hour = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit", minute: "2-digit", timeZone: "Asia/Seoul",
  });
  const time = (seconds) => hour.format(new Date(seconds * 1000));
  const axis = {
    stroke: colour("--muted"), grid: { show: false }, ticks: { show: false }, font: "12px system-ui",
  };
  const { data, masked } = read(table);
  const step = data[0][1] - data[0][0];
  const box = document.createElement("div");
  const chart = new uPlot(
    {
      width: plot.clientWidth,
      height: HEIGHT,
      cursor: { y: false, drag: { x: false, y: false } },
      hooks: { drawClear: [(drawn) => shade(drawn, masked, step)] },
      scales: { x: { time: true }, y: { range: (_, low, high) => [0, Math.max(high, 1)] } },
      axes: [
        { ...axis, size: 22, values: (_, ticks) => ticks.map(time) },
        { ...axis, size: 30, splits: (_, axisIndex, low, high) => [0, high] },
      ],
      series: [
        { label: "KST", value: (_, at) => (at == null ? "–" : time(at)) },
        { label: names[1], stroke: colour("--accent"), fill: `${colour("--soft")}70`, width: 1.6, points: { show: false } },
        { label: names[2], stroke: colour("--muted"), dash: [4, 4], width: 1.2, points: { show: false } },
      ],
    },
    data,
    box,
  );
  plot.replaceChildren(box);
  new ResizeObserver(() => chart.setSize({ width: plot.clientWidth, height: HEIGHT })).observe(plot);
}

const figures = document.querySelectorAll("[data-trend]");
if (figures.length > 0) {
  const { default: uPlot } = await import(script.dataset.uplot);
  for (const figure of figures) draw(uPlot, figure);
}
