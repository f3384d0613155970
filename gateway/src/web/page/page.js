// The one script of the pages: it keeps "what to do" for when there is no network, and sorts what is near. The position
// stays in this file: it is compared here with a list that everybody gets.
"use strict";
(() => {
  const button = document.getElementById("nearest");
  if ("serviceWorker" in navigator) {
    const worker = document.currentScript.src.replace(/page\.js$/, "worker.js");
    navigator.serviceWorker.register(worker).then(() => navigator.serviceWorker.ready)
      .then((ready) => { if (!button) ready.active.postMessage("keep"); }, () => {});
  }
  if (!button || !navigator.geolocation) return;
  const status = document.getElementById("status");
  const place = document.getElementById("sorted");
  const words = button.dataset;
  const MOST = 12;
  button.parentElement.hidden = false;

  const radians = (degrees) => degrees * Math.PI / 180;
  // Metres east and north of here: exact enough within a city.
  const offset = (here, [latitude, longitude]) => ({
    east: 6371000 * radians(longitude - here.longitude) * Math.cos(radians(here.latitude)),
    north: 6371000 * radians(latitude - here.latitude),
  });
  const far = (metres) => metres < 950 ? `${Math.round(metres / 10) * 10} m` : `${(metres / 1000).toFixed(1)} km`;
  const ARROWS = ["↑", "↗", "→", "↘", "↓", "↙", "←", "↖"];
  const arrow = ({ east, north }) => ARROWS[Math.round(Math.atan2(east, north) / (Math.PI / 4) + 8) % 8];

  const element = (name, text) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const drawn = (name, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };

  const list = (places) => {
    const list = element("ol");
    list.className = "list";
    places.forEach(({ name, title, detail, metres, where }, at) => {
      const item = element("li");
      item.append(element("strong", `${at + 1}. ${name}`), element("span", title), element("span", detail));
      const distance = element("span", `${arrow(where)} ${far(metres)}`);
      distance.className = "end";
      item.append(distance);
      list.append(item);
    });
    return list;
  };

  const sketch = (places) => {
    const reach = Math.max(100, ...places.map(({ metres }) => metres)) * 1.12;
    const svg = drawn("svg", { viewBox: "-110 -110 220 220", role: "img", "aria-label": words.sketch, class: "sketch" });
    [1, 0.5].forEach((share) => {
      svg.append(drawn("circle", { r: 100 * share / 1.12, class: "ring" }));
      svg.append(drawn("text", { x: 0, y: 100 * share / 1.12 - 3, class: "far" }, far(reach * share / 1.12)));
    });
    svg.append(drawn("text", { x: 0, y: -100, class: "far" }, "N"));
    svg.append(drawn("path", { d: "M-5 0H5M0-5V5", class: "here" }));
    places.forEach(({ where }, at) => {
      const [x, y] = [100 * where.east / reach, -100 * where.north / reach];
      svg.append(drawn("circle", { cx: x, cy: y, r: 7.5, class: "spot" }), drawn("text", { x, y: y + 3.5, class: "number" }, at + 1));
    });
    return svg;
  };

  const show = async ({ coords }) => {
    const answer = await fetch(button.dataset.places);
    if (!answer.ok) throw new Error(answer.status);
    const { places } = await answer.json();
    const known = places.map((found) => {
      const where = offset(coords, found.position);
      return { ...found, where, metres: Math.hypot(where.east, where.north) };
    });
    known.sort((one, other) => one.metres - other.metres);
    const nearest = known.slice(0, MOST);
    const figure = element("figure");
    figure.append(element("figcaption", words.sketch), sketch(nearest));
    place.replaceChildren(list(nearest), figure);
    status.textContent = words.found;
  };

  button.addEventListener("click", () => {
    status.textContent = "…";
    navigator.geolocation.getCurrentPosition(
      (found) => show(found).catch(() => { status.textContent = words.failed; }),
      () => { status.textContent = words.denied; },
      { timeout: 15000, maximumAge: 60000 },
    );
  });
})();
