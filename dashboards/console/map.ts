// The map: districts as they are endangered, stations by system (a letter) and standing (a shape), over the city's own
// rivers and roads where somebody imported them. No picture of streets is loaded from anybody. Two thousand marks are drawn
// on one canvas, so that moving the map stays smooth.

import L from "leaflet";
import { type Area, get, type Level, type Station } from "./api";
import { levelWord } from "./sign";
import { type Standing, systemOf } from "./system";
import { pick, say } from "./words";

interface Spot extends L.CircleMarker {
  options: L.CircleMarkerOptions & { sign: string; standing: Standing };
}

interface Ink { _ctx: CanvasRenderingContext2D }

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

let inks: Record<string, string> = {};
const learnColours = (): void => {
  const names = ["advisory", "watch", "warning", "emergency", "none", "trouble"];
  inks = Object.fromEntries(names.flatMap((name) => [[name, colour(`--${name}`)], [`on-${name}`, colour(`--on-${name}`)]]));
  inks.edge = colour("--fg");
  for (const layer of ["green", "water", "other", "building", "road", "rail", "district"]) inks[`base-${layer}`] = colour(`--base-${layer}`);
};

/** The base map: of each import and layer one shape of polygons and one of lines, the lowest first. */
interface Basemap { features: GeoJSON.Feature<GeoJSON.Geometry, { layer: string }>[]; credits: string[] }

/** Lines that are not of the width of a river or a street. */
const WIDTHS: Record<string, number> = { water: 2.5, road: 1.4, rail: 1.2, district: 1 };

const baseStyle = (layer: string, isLine: boolean): L.PathOptions => {
  const ink = inks[`base-${layer}`] || inks["base-other"] || "";
  const isBorder = isLine || layer === "district";
  return { color: ink, weight: isBorder ? WIDTHS[layer] ?? 1 : 0.5, fill: !isBorder, fillColor: ink, fillOpacity: 1, ...(layer === "district" || layer === "rail" ? { dashArray: "4 3" } : {}) };
};

const corners = (context: CanvasRenderingContext2D, x: number, y: number, r: number, angles: number[]): void => {
  angles.forEach((degrees, at) => {
    const [px, py] = [x + r * Math.cos((degrees * Math.PI) / 180), y + r * Math.sin((degrees * Math.PI) / 180)];
    if (at === 0) context.moveTo(px, py);
    else context.lineTo(px, py);
  });
  context.closePath();
};

const SHAPES: Record<Level, (context: CanvasRenderingContext2D, x: number, y: number, r: number) => void> = {
  none: (context, x, y, r) => context.arc(x, y, r * 0.8, 0, Math.PI * 2),
  advisory: (context, x, y, r) => context.arc(x, y, r, 0, Math.PI * 2),
  watch: (context, x, y, r) => corners(context, x, y + r * 0.2, r * 1.35, [-90, 30, 150]),
  warning: (context, x, y, r) => corners(context, x, y, r * 1.3, [-90, 0, 90, 180]),
  emergency: (context, x, y, r) => corners(context, x, y, r * 1.25, [22.5, 67.5, 112.5, 157.5, 202.5, 247.5, 292.5, 337.5]),
};

/** One station: its shape is how it stands, its letter what it is. */
function draw(context: CanvasRenderingContext2D, spot: Spot): void {
  const { sign, standing } = spot.options;
  const point = (spot as unknown as { _point: L.Point })._point;
  const r = spot.getRadius();
  const name = standing.trouble ? "trouble" : standing.level;
  context.beginPath();
  if (standing.trouble) context.rect(point.x - r * 0.8, point.y - r * 0.8, r * 1.6, r * 1.6);
  else SHAPES[standing.level](context, point.x, point.y, r);
  context.fillStyle = inks[name] ?? "";
  context.strokeStyle = inks.edge ?? "";
  context.lineWidth = standing.level === "none" ? 1 : 2;
  if (standing.trouble) context.setLineDash([2, 2]);
  context.fill();
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = inks[`on-${name}`] ?? "";
  context.font = `700 ${Math.round(r * 1.15)}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(sign, point.x, point.y + 0.5);
}

const SpotClass = L.CircleMarker.extend({
  _updatePath(this: Spot & { _renderer: Ink; _empty(): boolean }) {
    if (this._renderer._ctx && !this._empty()) draw(this._renderer._ctx, this);
  },
});

export interface Shown {
  areas: Area[];
  /** How endangered each area is. */
  levels: Map<string, Level>;
  stations: { station: Station; standing: Standing }[];
}

/** The shapes of levels as letters. */
const SIGNS: Record<Level, string> = { none: "", advisory: "●", watch: "▲", warning: "◆", emergency: "⬣" };

/** How close a map begins by itself: a single station has no extent. */
const CLOSEST = 14;

/** A map of fewer pixels has no room for names. */
const NARROW = 480;

/** What of a station is drawn: the same key, the same picture. */
const keyOf = ({ station, standing }: { station: Station; standing: Standing }): string =>
  [station.id, standing.level, standing.trouble, ...station.position].join(" ");

export class CityMap {
  private readonly map: L.Map;
  private readonly renderer = L.canvas({ padding: 0.3, tolerance: 4, pane: "stations" });
  private districts = L.layerGroup();
  private spots = L.layerGroup();
  private readonly known = new Map<string, Spot>();
  private drawn = "";
  private fitted = false;
  private readonly resized: ResizeObserver;
  private closed = false;

  constructor(private readonly place: HTMLElement, private readonly open: (station: string) => void) {
    this.map = L.map(place, { zoomControl: false, attributionControl: false, zoomSnap: 0.25, fadeAnimation: false });
    L.control.zoom({ zoomInTitle: say("zoomIn"), zoomOutTitle: say("zoomOut") }).addTo(this.map);
    this.map.setView([37.55, 127], 11);
    // Above the districts, however often those are drawn anew, and below what is said about them.
    this.map.createPane("stations").style.zIndex = "450";
    this.districts.addTo(this.map);
    this.spots.addTo(this.map);
    this.resized = new ResizeObserver(() => this.map.invalidateSize());
    this.resized.observe(place);
    // Without it the map is what it was: districts and stations.
    void get<Basemap>("/basemap").then((found) => this.lay(found), () => undefined);
  }

  /** Lays the base map under everything else. */
  private lay({ features, credits }: Basemap): void {
    if (this.closed || features.length === 0) return;
    learnColours();
    this.map.createPane("base").style.zIndex = "300";
    const renderer = L.canvas({ padding: 0.3, pane: "base" });
    for (const feature of features) {
      const style = baseStyle(feature.properties.layer, feature.geometry.type === "MultiLineString");
      L.geoJSON(feature, { interactive: false, pane: "base", style: { ...style, renderer } as L.PathOptions }).addTo(this.map);
    }
    // Districts that are not endangered no longer hide what lies below them.
    this.place.classList.add("based");
    this.place.dataset.base = features.map((feature) => feature.properties.layer).join(" ");
    if (credits.length === 0) return;
    const words = Object.assign(document.createElement("p"), { className: "credit", textContent: credits.join(" · ") });
    this.place.append(words);
  }

  show({ areas, levels, stations }: Shown): void {
    learnColours();
    const drawn = JSON.stringify([...levels, areas.length]);
    if (drawn !== this.drawn) this.drawDistricts(areas, levels);
    this.drawn = drawn;
    const calmFirst = [...stations].sort((one, other) => Number(one.standing.level !== "none") - Number(other.standing.level !== "none"));
    // Only what has changed is drawn anew: of two thousand stations most have not.
    const wanted = new Map(calmFirst.map((one) => [keyOf(one), one]));
    for (const [key, spot] of this.known) {
      if (wanted.has(key)) continue;
      this.spots.removeLayer(spot);
      this.known.delete(key);
    }
    for (const [key, { station, standing }] of wanted) {
      const known = this.known.get(key);
      // What is in danger lies above what is calm, whichever was drawn first.
      if (known && standing.level !== "none") known.bringToFront();
      if (known) continue;
      const spot = this.spot(station, standing);
      this.known.set(key, spot);
      this.spots.addLayer(spot);
    }
    if (!this.fitted && (areas.length > 0 || stations.length > 0)) this.fit(areas, stations);
  }

  private spot(station: Station, standing: Standing): Spot {
    const options = { renderer: this.renderer, pane: "stations", radius: standing.level === "none" ? 7 : 10, sign: systemOf(station).sign, standing };
    const spot = new (SpotClass as unknown as new (at: L.LatLngTuple, options: object) => Spot)(station.position, options);
    const state = standing.trouble ? say(standing.trouble) : levelWord(standing.level);
    // Names come from the catalog: they are text, never markup.
    spot.bindTooltip(() => Object.assign(document.createElement("span"), { textContent: `${pick(station.name, station.id)} · ${state}` }));
    spot.on("click", () => this.open(station.id));
    return spot;
  }

  private drawDistricts(areas: Area[], levels: Map<string, Level>): void {
    this.districts.clearLayers();
    for (const area of areas) {
      const { code, kind, name } = area.properties;
      const level = levels.get(code) ?? "none";
      if (!area.geometry || kind === "sido" || (kind === "zone" && level === "none")) continue;
      const shape = L.geoJSON(area as GeoJSON.Feature, { interactive: false, style: { className: `area ${kind} ${level}` } });
      // Parks and slopes are named in the list: here their names would hide those of the districts.
      if (level !== "none" && kind !== "zone") {
        // Two lines, so that narrow districts are not hidden under their neighbours' names.
        const label = document.createElement("div");
        // On a telephone names would hide the map: the shape of the level alone, and the list below says the rest.
        const narrow = this.map.getContainer().clientWidth < NARROW;
        for (const words of narrow ? [SIGNS[level]] : [pick(name, code), levelWord(level)]) label.append(Object.assign(document.createElement("span"), { textContent: words }));
        shape.bindTooltip(label, { permanent: true, direction: "center", className: `area-label ${level}` });
      }
      this.districts.addLayer(shape);
    }
  }

  private fit(areas: Area[], stations: { station: Station }[]): void {
    const drawn = areas.filter((area) => area.geometry);
    const bounds = drawn.length > 0
      ? L.geoJSON({ type: "FeatureCollection", features: drawn } as GeoJSON.FeatureCollection).getBounds()
      : L.latLngBounds(stations.map(({ station }) => station.position));
    // Districts without polygons may be known before the stations that tell where they are.
    if (!bounds.isValid()) return;
    this.map.fitBounds(bounds, { animate: false, padding: [24, 24], maxZoom: CLOSEST });
    this.fitted = true;
  }

  close(): void {
    this.closed = true;
    this.resized.disconnect();
    this.map.remove();
  }
}
