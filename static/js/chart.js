/* Draws the figures of _chart.html with ECharts, from the same numbers as the table beside them. Colours come from the tokens. */
"use strict";

(() => {
  const ROOT = document.documentElement;
  const token = (name) => {
    // A probe turns light-dark() and variables into the colour that is shown now.
    const probe = document.createElement("span");
    probe.style.color = `var(--${name})`;
    ROOT.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  };

  // Second cue beside the colour, the same idea as the patterns in badge.css.
  const DECALS = {
    aligned: { symbol: "none" },
    forwarder: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4 },
    failing: { symbol: "rect", symbolSize: 1, dashArrayX: [[4, 4], [0, 4, 4, 0]], dashArrayY: [4, 0] },
    fixable: { symbol: "rect", dashArrayX: [[3, 3]], dashArrayY: [1, 0], rotation: 0 },
    excepted: { symbol: "circle", symbolSize: 0.8, dashArrayX: [[4, 4], [0, 4, 4, 0]], dashArrayY: [4, 0] },
    unknown: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [1, 3], rotation: 0 },
    plain: { symbol: "none" },
  };

  const seriesOf = (chart, colours) =>
    chart.series.map((series, place) => {
      const colour = colours[series.tone === "fixable" ? "failing" : series.tone] || colours.unknown;
      const drawn = { name: series.name, data: series.values, animation: false, emphasis: { disabled: true } };
      if (chart.kind === "lines") {
        Object.assign(drawn, { type: "line", symbol: "none", lineStyle: { color: colour, width: 2 }, itemStyle: { color: colour } });
      } else {
        const decal = { color: colours.decal, ...DECALS[series.tone] };
        Object.assign(drawn, { type: "bar", stack: "all", barCategoryGap: "25%", itemStyle: { color: colour, borderColor: colours.card, borderWidth: 0.5, decal } });
      }
      if (place === 0 && chart.markers && chart.markers.length) {
        drawn.markLine = {
          symbol: ["none", "none"],
          silent: true,
          animation: false,
          lineStyle: { color: colours.ink, type: "dashed", width: 1 },
          label: { color: colours.ink, fontSize: 11, formatter: (mark) => mark.name },
          data: chart.markers.map((marker) => ({ xAxis: marker.at, name: marker.text })),
        };
      }
      return drawn;
    });

  const optionOf = (chart) => {
    const names = ["aligned", "forwarder", "failing", "excepted", "unknown", "ink", "ink-soft", "line", "card", "line-strong"];
    const colours = Object.fromEntries(names.map((name) => [name, token(name)]));
    colours.decal = colours.card;
    colours.plain = colours["line-strong"];
    const text = { color: colours["ink-soft"], fontFamily: getComputedStyle(document.body).fontFamily };
    const count = new Intl.NumberFormat(ROOT.lang);
    return {
      aria: { enabled: false, decal: { show: true } },
      textStyle: text,
      grid: { left: 8, right: 12, top: chart.markers && chart.markers.length ? 28 : 12, bottom: 4, containLabel: true },
      tooltip: {
        trigger: "axis",
        renderMode: "richText",
        confine: true,
        axisPointer: { type: chart.kind === "lines" ? "line" : "shadow" },
        backgroundColor: colours.card,
        borderColor: colours["line-strong"],
        textStyle: { color: colours.ink, fontSize: 12 },
        valueFormatter: (value) => `${count.format(value)} ${chart.unit}`,
      },
      xAxis: { type: "category", data: chart.labels, axisLine: { lineStyle: { color: colours["line-strong"] } }, axisTick: { show: false }, axisLabel: { ...text, hideOverlap: true } },
      yAxis: { type: "value", minInterval: 1, splitLine: { lineStyle: { color: colours.line } }, axisLabel: { ...text, formatter: (value) => count.format(value) } },
      series: seriesOf(chart, colours),
    };
  };

  const drawn = new Map();
  const draw = (canvas) => {
    const data = document.getElementById(canvas.dataset.chart);
    if (!data || drawn.has(canvas)) return;
    const chart = JSON.parse(data.textContent);
    canvas.classList.add("is-drawn");
    const instance = echarts.init(canvas, null, { renderer: "canvas" });
    instance.setOption(optionOf(chart));
    drawn.set(canvas, { instance, chart });
    new ResizeObserver(() => instance.resize()).observe(canvas);
  };
  const drawAll = () => document.querySelectorAll("[data-chart]").forEach(draw);

  drawAll();
  document.addEventListener("htmx:afterSettle", drawAll);
  // The system turned dark or light, or the page goes to paper: the tokens changed, so the colours are read again.
  ["(prefers-color-scheme: dark)", "print"].forEach((query) => {
    matchMedia(query).addEventListener("change", () => {
      drawn.forEach(({ instance, chart }) => instance.setOption(optionOf(chart)));
    });
  });
})();
